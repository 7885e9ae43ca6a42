# SPDX-License-Identifier: Apache-2.0
"""Image files: finding, reading, writing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from llmseg_core.runtime.whole_file import write_whole

__all__ = [
    "IMAGE_SUFFIXES",
    "encode_image",
    "find_images",
    "images_in",
    "read_image",
    "write_image",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
JPEG_QUALITY = 88


def find_images(paths: Iterable[str | Path]) -> list[Path]:
    """The files that `paths` name; a folder stands for the images in it, see `images_in`.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: if a folder holds no image.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            images = images_in(path)
            if not images:
                raise ValueError(f"the folder {path} has no image ({', '.join(IMAGE_SUFFIXES)})")
            found.extend(images)
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(f"{path} does not exist")
    return found


def images_in(folder: Path) -> list[Path]:
    """The image files directly in a folder, in natural order of their names: 2 before 10.

    Capitals and small letters are the same for the order, and for the suffix. Hidden files, such as
    the "._photo.jpg" that macOS leaves beside "photo.jpg", are no images.
    """
    files = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
    return sorted(files, key=_natural_order)


def _natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Numbers within a name by their value, everything else by its letters."""
    parts = re.split(r"(\d+)", path.name.lower())
    numbered = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
    return numbered, path.name


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, turned upright as its EXIF data says.

    Raises:
        ValueError: if the file is no image or is damaged.
    """
    try:
        with Image.open(path) as image:
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no image that can be read: {error}") from error


def write_image(path: Path, image: np.ndarray) -> None:
    """Write (H, W, 3) RGB or (H, W) uint8, whole; the suffix of `path` names the format.

    Raises:
        ValueError: if the suffix names no format.
    """
    _format(path.suffix, path)
    write_whole(path, encode_image(image, path.suffix))


def encode_image(image: np.ndarray, suffix: str) -> bytes:
    """The bytes of an image file.

    Args:
        image: (H, W, 3) RGB or (H, W) uint8.
        suffix: names the format, such as ".png".

    Raises:
        ValueError: if it names none.
    """
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, _format(suffix, repr(suffix)), quality=JPEG_QUALITY)
    return buffer.getvalue()


def _format(suffix: str, name: object) -> str:
    """Pillow's name of the format that a suffix stands for; `name` is what has it."""
    if suffix.lower() not in IMAGE_SUFFIXES:
        known = ", ".join(IMAGE_SUFFIXES)
        raise ValueError(f"{name} has no image suffix, it must be one of {known}")
    return str(Image.registered_extensions()[suffix.lower()])
