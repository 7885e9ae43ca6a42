# SPDX-License-Identifier: Apache-2.0
"""Prints instructions about made-up scenes: `python -m llmseg_training.questions --count 20`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from llmseg_core.cli.program import run_program
from llmseg_core.config.values import require

from . import KINDS, SPLITS, generate_samples
from .made_up import made_up_objects

PROGRAM = "python -m llmseg_training.questions"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    return run_program(PROGRAM, lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("--split", choices=SPLITS, default="train", help="whose wording")
    parser.add_argument("--count", type=int, default=20, help="number of instructions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, help="only this kind of question")
    options = parser.parse_args(arguments)
    for name in ("count", "seed"):
        require(getattr(options, name) >= 0, f"--{name}", getattr(options, name), "at least 0")
    rng = np.random.default_rng(options.seed)
    printed = 0
    while printed < options.count:
        objects = made_up_objects(rng, int(rng.integers(3, 9)))
        things = {item.id: f"{item.colour} {item.category}" for item in objects}
        for sample in generate_samples(objects, rng, options.split, 6):
            if printed == options.count or options.kind not in (None, sample.kind):
                continue
            answer = ", ".join(things[index] for index in sample.target_ids) or "nothing"
            print(f"{sample.kind:9} {sample.concept:15} {sample.instruction}  -> {answer}")
            printed += 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
