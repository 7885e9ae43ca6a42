# SPDX-License-Identifier: Apache-2.0
"""Writes a split of scenes, or a contact sheet of some: python -m llmseg_training.scenes."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from .folder import write_scenes
from .render import render_scene
from .scene import SceneConfig
from .sheet import contact_sheet
from .splits import SPLITS, scene_seed


def main() -> None:
    """Reads the command line and does what it says."""
    parser = argparse.ArgumentParser(prog="python -m llmseg_training.scenes", description=__doc__)
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
    arguments = parser.parse_args()
    try:
        config = SceneConfig(width=arguments.width, height=arguments.height)
        if arguments.out is not None:
            folder = write_scenes(
                arguments.out,
                arguments.split,
                arguments.count,
                workers=arguments.workers,
                config=config,
            )
            print(f"{arguments.count} scenes in {folder}")
            return
        seeds = [scene_seed(arguments.split, index) for index in range(arguments.count)]
        sheet = contact_sheet([render_scene(seed, config) for seed in seeds])
    except (ValueError, OSError) as error:
        parser.error(str(error))
    if not cv2.imwrite(str(arguments.sheet), sheet[..., ::-1]):
        parser.error(f"--sheet {arguments.sheet} could not be written; name a .png or .jpg file")
    print(f"{arguments.count} scenes on {arguments.sheet}")


if __name__ == "__main__":
    main()
