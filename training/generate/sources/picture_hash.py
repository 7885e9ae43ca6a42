# SPDX-License-Identifier: Apache-2.0
"""Images that look alike, found by a perceptual hash of 64 bits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from llmseg_core.images.image_files import opened_image

__all__ = ["ALIKE_BITS", "AlikePictures", "picture_hash"]

ALIKE_BITS = 6
"""most bits in which the hashes of two images that look alike differ"""
_SIDE, _KEPT = 32, 8
_PIECES = 8


def picture_hash(image: np.ndarray | Path) -> int:
    """64 bits that hardly change when an image is resized, compressed or made brighter.

    They say which of the 64 lowest frequencies of the image, shrunk to 32 x 32 grey pixels, are
    stronger than the median of them.

    Args:
        image: (H, W, 3) uint8 RGB, or a file.

    Raises:
        FileNotFoundError, ValueError: if the file cannot be read.
    """
    if isinstance(image, Path):
        with opened_image(image) as file:
            file.draft("RGB", (4 * _SIDE, 4 * _SIDE))  # a JPEG is decoded at a fraction of its size
            image = np.asarray(file.convert("RGB"))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()
    low[0] = 0  # how bright the image is says nothing
    bits = np.packbits(low > np.median(low[1:]))
    return int.from_bytes(bits.tobytes(), "big")


class AlikePictures:
    """Hashes that were seen, and whether another is near one of them.

    Two hashes that differ in at most 7 bits share one of their 8 bytes, by which they are found.

    Args:
        hashes: seen already, with what they are called.
    """

    def __init__(self, hashes: Iterable[tuple[int, str]] = ()) -> None:
        self._seen: dict[tuple[int, int], list[tuple[int, str]]] = {}
        for value, name in hashes:
            self.add(value, name)

    def add(self, value: int, name: str) -> None:
        """Remember one."""
        for piece in _pieces(value):
            self._seen.setdefault(piece, []).append((value, name))

    def like(self, value: int, bits: int = ALIKE_BITS) -> str | None:
        """The name of one that differs in at most `bits` (below 8) bits; None if none does."""
        for piece in _pieces(value):
            for other, name in self._seen.get(piece, ()):
                if (value ^ other).bit_count() <= bits:
                    return name
        return None


def _pieces(value: int) -> list[tuple[int, int]]:
    return [(place, value >> 8 * place & 255) for place in range(_PIECES)]
