# SPDX-License-Identifier: Apache-2.0
"""Writes a split of scenes, or a contact sheet of some: python -m llmseg_training.scenes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from llmseg_core.cli.program import run_program
from llmseg_core.images.image_files import write_image

from .folder import write_scenes
from .more_categories import CATALOGUES
from .render import render_scene
from .scene import SceneConfig
from .sheet import contact_sheet
from .splits import SPLITS, scene_seed

PROGRAM = "python -m llmseg_training.scenes"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    return run_program(PROGRAM, lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("--split", choices=SPLITS, required=True)
    parser.add_argument("--count", type=int, required=True, help="how many scenes, from the first")
    output = parser.add_mutually_exclusive_group(required=True)
    output.add_argument(
        "--out", type=Path, help="folder that SPLIT/ is written to, resumed if there"
    )
    output.add_argument(
        "--sheet", type=Path, help="write one labelled picture of the scenes instead"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--width", type=int, default=320, help="pixels (default 320)")
    parser.add_argument("--height", type=int, default=240, help="pixels (default 240)")
    parser.add_argument("--max-objects", type=int, default=8, help="on the table (default 8)")
    parser.add_argument(
        "--catalogue", choices=tuple(CATALOGUES), default="tabletop",
        help="categories: the packaged model's (default), or all",
    )  # fmt: skip
    parser.add_argument("--looks", choices=("plain", "rich"), default="plain")
    options = parser.parse_args(arguments)
    config = SceneConfig(
        width=options.width,
        height=options.height,
        max_objects=options.max_objects,
        categories=CATALOGUES[options.catalogue],
        looks=options.looks,
    )
    if options.out is not None:
        folder = write_scenes(
            options.out, options.split, options.count, workers=options.workers, config=config
        )
        print(f"{options.count} scenes in {folder}")
        return 0
    seeds = [scene_seed(options.split, index) for index in range(options.count)]
    write_image(options.sheet, contact_sheet([render_scene(seed, config) for seed in seeds]))
    print(f"{options.count} scenes on {options.sheet}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
