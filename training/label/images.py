# SPDX-License-Identifier: Apache-2.0
"""The images of a folder that people label: those with a line, and those without one yet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from llmseg_core.images.image_files import images_in, read_image

from ..data.folder import usual_name
from ..data.names import check_name, file_in
from .samples_file import Labelled

__all__ = ["FolderImage", "folder_images", "image_path", "reduced", "shown"]

NO_IMAGES = ("masks", "proposals")
"""folders in which pictures are no images to label"""


@dataclass(frozen=True)
class FolderImage:
    """An image that can be labelled.

    Attributes:
        name: of its sample.
        image: its path in the folder.
    """

    name: str
    image: str


def folder_images(folder: Path, labelled: Labelled) -> tuple[FolderImage, ...]:
    """All images, in natural order of their files; those of lines that have no file are last.

    Images lie in `images/` and its subfolders, or in the folder itself if it has no `images/`.
    """
    with_line = {sample.image: sample.name for sample in labelled.samples.values()}
    used = set(labelled.samples)
    found: dict[str, FolderImage] = {}
    for image in _files(folder):
        name = with_line.get(image)
        if name is None:
            usual = usual_name(image)
            name = image if usual in used else usual  # two files of one stem
            used.add(name)
        if _can_be_named(name):
            found[name] = FolderImage(name, image)
    for sample in labelled.samples.values():
        found.setdefault(sample.name, FolderImage(sample.name, sample.image))
    return tuple(found.values())


def image_path(folder: Path, image: FolderImage) -> Path:
    """Where an image lies.

    Raises:
        ValueError: if that is not in the folder.
    """
    return file_in(folder, image.image)


def shown(folder: Path, image: FolderImage) -> np.ndarray:
    """(H, W, 3) uint8 RGB, upright.

    Raises:
        FileNotFoundError: if the image is missing.
        ValueError: if it cannot be read.
    """
    return read_image(image_path(folder, image))


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB with a longest side of at most `side` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _files(folder: Path) -> list[str]:
    """Paths of image files in the folder."""
    top = folder / "images" if (folder / "images").is_dir() else folder
    found = []
    for place, folders, _ in os.walk(top):
        folders[:] = sorted(
            each for each in folders if not each.startswith(".") and each not in NO_IMAGES
        )
        found += [path.relative_to(folder).as_posix() for path in images_in(Path(place))]
    return found


def _can_be_named(name: str) -> bool:
    try:
        check_name(name)
    except ValueError:
        return False
    return True
