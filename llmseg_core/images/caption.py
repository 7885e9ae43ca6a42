# SPDX-License-Identifier: Apache-2.0
"""Text on pictures, in whatever script a person writes.

OpenCV 4 draws ASCII alone and OpenCV 5 some other scripts, neither from right to left. So text
outside ASCII is drawn by Pillow where a font of the system has all its characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["OpenCVText", "SystemFontText", "TextStyle", "fitted", "one_line", "style_for"]

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_FILES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "FreeSans.ttf",
    "wqy-microhei.ttc",
    "Arial Unicode.ttf",
)
"""where they are, Pillow knows for each system"""

ELLIPSIS = "..."
NO_CHARACTER = "\U0010fffe"
"""which no font has"""


class TextStyle(Protocol):
    """Draws text of one size."""

    def width(self, text: str) -> int:
        """Width of the text in pixels."""

    def draw(
        self, picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, int, int]
    ) -> None:
        """Draws on (H, W, 3) uint8; `place` is the left end of the baseline, x and y in pixels."""


@dataclass(frozen=True)
class OpenCVText:
    """OpenCV's own letters."""

    scale: float
    thickness: int

    @property
    def height(self) -> int:
        """Height of letters above the baseline, in pixels."""
        return cv2.getTextSize("Ag", FONT, self.scale, self.thickness)[0][1]

    def width(self, text: str) -> int:
        """Width of the text in pixels."""
        return cv2.getTextSize(text, FONT, self.scale, self.thickness)[0][0]

    def draw(
        self, picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, int, int]
    ) -> None:
        """Draws on (H, W, 3) uint8; `place` is the left end of the baseline, x and y in pixels."""
        cv2.putText(picture, text, place, FONT, self.scale, colour, self.thickness, cv2.LINE_AA)


@dataclass(frozen=True)
class SystemFontText:
    """A font of the system, drawn by Pillow."""

    font: ImageFont.FreeTypeFont

    def width(self, text: str) -> int:
        """Width of the text in pixels."""
        return int(self.font.getlength(text) + 0.999)

    def draw(
        self, picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, int, int]
    ) -> None:
        """Draws on (H, W, 3) uint8; `place` is the left end of the baseline, x and y in pixels."""
        image = Image.fromarray(picture)
        ImageDraw.Draw(image).text(place, text, font=self.font, fill=colour, anchor="ls")
        picture[:] = np.asarray(image)


def style_for(text: str, own: OpenCVText) -> TextStyle:
    """`own`, or a font of the system of the same size where that has what `own` may lack."""
    if text.isascii():
        return own
    font = _font("".join(sorted(set(text))), max(6, round(1.25 * own.height)))
    return own if font is None else SystemFontText(font)


def one_line(text: str) -> str:
    """The text on one line: without what cannot be printed, a space for any white space."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(kept.split())


def fitted(text: str, room: int, style: TextStyle) -> str:
    """The text, or as much of its beginning as fits into `room` pixels, and "..."."""
    if style.width(text[: max(room, 0)]) <= room and len(text) <= room:  # no letter has no width
        return text
    low, high = 0, min(len(text), max(room, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if style.width(text[:middle].rstrip() + ELLIPSIS) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + ELLIPSIS if low else ""


@lru_cache(maxsize=32)
def _font(letters: str, size: int) -> ImageFont.FreeTypeFont | None:
    """The first font that has all the letters, `size` pixels high; None if none has."""
    return next((font for font in _fonts(size) if _has_all(font, letters)), None)


def _fonts(size: int) -> Iterator[ImageFont.FreeTypeFont]:
    for file in FONT_FILES:
        try:
            yield ImageFont.truetype(file, size)
        except OSError:  # not installed
            continue


def _has_all(font: ImageFont.FreeTypeFont, letters: str) -> bool:
    missing = _drawn(font, NO_CHARACTER)
    return all(letter.isspace() or _drawn(font, letter) != missing for letter in letters)


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
