# SPDX-License-Identifier: Apache-2.0
"""Image files: finding, reading, writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from llmseg_core.runtime.whole_file import write_whole

__all__ = [
    "IMAGE_SUFFIXES",
    "LOSSLESS_SUFFIXES",
    "decode_image",
    "encode_image",
    "find_images",
    "images_in",
    "opened_image",
    "read_image",
    "write_image",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")
LOSSLESS_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".ppm")
"""those of formats that give every pixel back as it was"""
JPEG_QUALITY = 88
MOST_PIXELS = 2**27
"""of an image, 134 million; a file of a few kB may ask for the memory of far more"""
_ORIENTATION = 0x0112
"""EXIF's tag of how an image is to be turned"""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""what turns an image upright, by the value of that tag"""


def find_images(paths: Iterable[str | Path]) -> list[Path]:
    """The files that `paths` name; a folder stands for the images in it, see `images_in`.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: if a folder holds no image, or a path is neither file nor folder.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            images = images_in(path)
            if not images:
                raise ValueError(f"the folder {path} has no image ({', '.join(IMAGE_SUFFIXES)})")
            found.extend(images)
        elif path.is_file():
            found.append(path)
        elif path.exists():
            raise ValueError(f"{path} is neither a file nor a folder, it must be an image file")
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


@contextmanager
def opened_image(path: Path) -> Iterator[Image.Image]:
    """An image file while it is read.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for whatever its decoder or the block raises, and for one of more than
            `MOST_PIXELS`, before memory is taken for them.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, or is no file")
    with _opened(path, path) as image:
        yield image


@contextmanager
def _opened(source: Path | BytesIO, name: object) -> Iterator[Image.Image]:
    """An image while it is read; `name` is what it is called."""
    try:
        with Image.open(source) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(
                    f"it has {image.width} x {image.height} pixels, it must have at most "
                    f"{MOST_PIXELS}"
                )
            yield image
    except Exception as error:  # decoders of damaged files raise what they like
        raise ValueError(f"{name} is no image that can be read: {error}") from error


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, turned upright as its EXIF data says.

    16-bit values are scaled by 255 / 65535 and rounded, as those of a mono16 message; numbers with
    a fraction by 255 if all of them are in [0, 1].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no image or is damaged.
    """
    with opened_image(path) as image:
        return _upright_rgb(image)


def decode_image(content: bytes, name: str) -> np.ndarray:
    """The bytes of an image file as `read_image` gives them; `name` is for errors.

    Raises:
        ValueError: if they are no image or damaged.
    """
    with _opened(BytesIO(content), name) as image:
        return _upright_rgb(image)


def _upright_rgb(image: Image.Image) -> np.ndarray:
    """Pixels of an opened image."""
    image.load()
    turn = _TURNS.get(_orientation(image))
    upright = image if turn is None else image.transpose(turn)
    if upright.mode == "F" or upright.mode.startswith("I"):
        return _scaled(np.asarray(upright))
    return np.array(upright if upright.mode == "RGB" else upright.convert("RGB"))


def _orientation(image: Image.Image) -> int:
    """How an image is to be turned; 1, not at all, if its EXIF data cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # as damaged as it may be, the pixels are there
        return 1
    return value if isinstance(value, int) else 1


def _scaled(values: np.ndarray) -> np.ndarray:
    """(H, W) grey values of 16 bits or with a fraction to (H, W, 3) uint8."""
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        if not 0 <= low <= high <= 255:  # NaN is not either
            raise ValueError(f"its values go from {low} to {high}, they must be in [0, 1] or 255")
        grey = np.rint(values * (255 if high <= 1 else 1)).astype(np.uint8)
    else:
        if low < 0 or high > 65535:
            raise ValueError(f"its values go from {low:.0f} to {high:.0f}, they must fit 16 bits")
        grey = cv2.convertScaleAbs(values.astype(np.uint16), alpha=255 / 65535)
    return np.stack([grey] * 3, axis=-1)


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
