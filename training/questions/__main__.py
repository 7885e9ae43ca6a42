# SPDX-License-Identifier: Apache-2.0
"""Prints instructions about made-up scenes: `python -m llmseg_training.questions --count 20`."""

from __future__ import annotations

import argparse

import numpy as np

from . import KINDS, SPLITS, generate_samples
from .made_up import made_up_objects


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=SPLITS, default="train", help="whose wording")
    parser.add_argument("--count", type=int, default=20, help="number of instructions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, help="only this kind of question")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    printed = 0
    while printed < args.count:
        objects = made_up_objects(rng, int(rng.integers(3, 9)))
        things = {item.id: f"{item.colour} {item.category}" for item in objects}
        for sample in generate_samples(objects, rng, args.split, 6):
            if printed == args.count or args.kind not in (None, sample.kind):
                continue
            answer = ", ".join(things[index] for index in sample.target_ids) or "nothing"
            print(f"{sample.kind:9} {sample.concept:15} {sample.instruction}  -> {answer}")
            printed += 1


if __name__ == "__main__":
    main()
