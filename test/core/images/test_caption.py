# SPDX-License-Identifier: Apache-2.0
"""Text on pictures: one line, cut to fit, in scripts other than Latin."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from llmseg_core.images import caption
from llmseg_core.images.caption import OpenCVText, SystemFontText, fitted, one_line, style_for

OWN = OpenCVText(0.6, 1)
FONT_FILE = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture
def one_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system with DejaVu Sans alone, wherever the tests run."""
    monkeypatch.setattr(caption, "FONT_FILES", ("no-such-font.ttf", str(FONT_FILE)))
    caption._font.cache_clear()
    yield
    caption._font.cache_clear()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("the mug", "the mug"),
        ("the mug\nby the  sink\r\n", "the mug by the sink"),
        ("a\tb\x00c\x1b[31m\u2028d", "a b c [31m d"),
        ("\n \t", ""),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_what_fits_stays_and_the_rest_is_cut() -> None:
    text = "something that I could drink my tea from"
    whole = OWN.width(text)
    assert fitted(text, whole, OWN) == text
    for room in range(0, whole, 7):
        cut = fitted(text, room, OWN)
        assert OWN.width(cut) <= max(room, 0)
        assert cut == "" or (cut.endswith("...") and text.startswith(cut[:-3]))
    assert fitted(text, -5, OWN) == ""
    # The longest that fits: one letter more would not.
    cut = fitted(text, whole // 2, OWN)
    assert OWN.width(text[: len(cut) - 3 + 2].rstrip() + "...") > whole // 2


def test_the_longest_instruction_is_cut_at_once() -> None:
    began = time.perf_counter()
    assert fitted("w " * 5000, 600, OWN).endswith("...")
    assert time.perf_counter() - began < 0.5


def test_other_scripts_are_drawn_by_a_font_that_has_them(one_font: None) -> None:
    """Each letter differs from the one of a character that is missing."""
    for text in ("где кружка", "πού", "كوب", "größere Tasse"):
        style = style_for(text, OWN)
        assert isinstance(style, SystemFontText)
        pictures = []
        for letters in (text, "".join(" " if c == " " else caption.NO_CHARACTER for c in text)):
            picture = np.zeros((40, 300, 3), np.uint8)
            style.draw(picture, letters, (5, 28), (255, 255, 255))
            assert picture.any()
            pictures.append(picture)
        assert (pictures[0] != pictures[1]).any()
        columns = np.flatnonzero(pictures[0].any(axis=(0, 2)))
        assert columns[-1] - 5 <= style.width(text) <= columns[-1] + 5


def test_arabic_is_written_from_right_to_left(one_font: None) -> None:
    """Its last letter is left: what follows it extends the picture to the left end."""
    style = style_for("كوب", OWN)
    assert isinstance(style, SystemFontText)
    pictures = []
    for text in ("بب", "بو"):
        picture = np.zeros((40, 100, 3), np.uint8)
        style.draw(picture, text, (5, 28), (255, 255, 255))
        pictures.append(picture[..., 0])
    differing = np.flatnonzero((pictures[0] != pictures[1]).any(axis=0))
    assert differing[0] < 12


@pytest.mark.parametrize("text", ["杯子", "ถ้วย"])
def test_a_script_that_no_font_has_is_left_to_opencv(one_font: None, text: str) -> None:
    assert style_for(text, OWN) is OWN


def test_ascii_is_drawn_as_ever() -> None:
    assert style_for("the mug", OWN) is OWN
