# SPDX-License-Identifier: Apache-2.0
"""Image files: finding, reading, writing."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from llmseg_core.runtime.whole_file import write_whole

__all__ = ["encode_image", "find_images", "read_image", "write_image"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
JPEG_QUALITY = 88


def find_images(paths: Iterable[str | Path]) -> list[Path]:
    """The files that `paths` name; a folder stands for the images directly in it, by name.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: if a folder holds no image.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            images = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
            if not images:
                raise ValueError(f"the folder {path} has no image ({', '.join(SUFFIXES)})")
            found.extend(images)
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(f"{path} does not exist")
    return found


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
    if suffix.lower() not in SUFFIXES:
        raise ValueError(f"{name} has no image suffix, it must be one of {', '.join(SUFFIXES)}")
    return str(Image.registered_extensions()[suffix.lower()])
