# SPDX-License-Identifier: Apache-2.0
"""What the scenes of a folder were rendered with, so that a folder has scenes of one kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from llmseg_core.runtime.whole_file import write_whole

from .scene import SceneConfig

CONFIG_FILE = "scenes.yaml"


def folder_config(
    folder: Path, finished: Collection[int], wanted: SceneConfig | None
) -> SceneConfig:
    """What scenes of a folder must be rendered with.

    Folders of earlier versions have no file that says so; there the sizes of the images must be
    right.

    Args:
        folder: of a split; it may not be there yet.
        finished: numbers of the scenes that are there.
        wanted: what is asked for; None means what is there, or else the default.

    Raises:
        ValueError: if the folder was rendered with anything else than `wanted`.
    """
    file = folder / CONFIG_FILE
    known: dict[str, Any] = {}
    if finished:
        known = _stored(file) if file.is_file() else _size(folder, finished)
    if wanted is None:
        return SceneConfig(**known)
    asked = asdict(wanted)
    other = [key for key in known if known[key] != asked[key]]
    if other:
        differences = ", ".join(f"{key} {_words(known[key])}, not {asked[key]}" for key in other)
        raise ValueError(
            f"the scenes in {folder} were rendered with {differences}: name another folder, or "
            f"the same settings"
        )
    return wanted


def store_config(folder: Path, config: SceneConfig) -> None:
    """Note what the scenes of a folder are rendered with."""
    plain = {**asdict(config), "categories": list(config.categories)}
    write_whole(folder / CONFIG_FILE, yaml.safe_dump(plain, sort_keys=False))


def _stored(file: Path) -> dict[str, Any]:
    try:
        plain = yaml.safe_load(file.read_text(encoding="utf-8"))
        plain["categories"] = tuple(plain["categories"])
        plain = asdict(SceneConfig(**plain))  # a setting that it does not name had its default
    except (yaml.YAMLError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} does not say how scenes are rendered: {error!r}") from error
    return plain


def _size(folder: Path, finished: Collection[int]) -> dict[str, Any]:
    """Width and height of the finished images; images that are missing say nothing."""
    sizes = set()
    for index in finished:
        path = folder / "images" / f"{index:06d}.png"
        if not path.is_file():
            continue
        try:
            with Image.open(path) as image:
                sizes.add(image.size)
        except OSError as error:
            raise ValueError(f"{path} is no image that can be read: {error}") from error
    if len(sizes) > 1:
        raise ValueError(
            f"the images in {folder} are {_words(sorted(sizes))} pixels (W, H), they must be of "
            f"one size: render them anew into another folder"
        )
    return {"width": size[0], "height": size[1]} if (size := next(iter(sizes), None)) else {}


def _words(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
