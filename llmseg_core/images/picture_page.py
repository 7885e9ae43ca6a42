# SPDX-License-Identifier: Apache-2.0
"""Cards with pictures as one HTML file with everything in it: `picture_page.html` filled in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from .image_files import encode_image

__all__ = ["Card", "CardTable", "Fact", "Figure", "Note", "PicturePage", "Section", "data_uri"]


@dataclass(frozen=True)
class Note:
    """A few words below the title.

    Attributes:
        text: what is said.
        colour: RGB that the words explain, or None.
    """

    text: str
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Fact:
    """A few words about a card.

    Attributes:
        text: what is said; an empty one is left out.
        good: whether it is good news, None if it is neither good nor bad.
    """

    text: str
    good: bool | None = None


@dataclass(frozen=True)
class Figure:
    """A picture of a card.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        alt: what it shows, for those who do not see it.
        caption: below it.
    """

    image: NDArray[np.uint8]
    alt: str
    caption: str


@dataclass(frozen=True)
class CardTable:
    """Numbers that a card shows when somebody asks for them.

    Attributes:
        summary: what they are.
        head: names of the columns.
        rows: a text for each column.
    """

    summary: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Card:
    """One thing that the page shows.

    Attributes:
        title: what it is about.
        facts: below the title.
        figures: side by side.
        table: more numbers, or None.
    """

    title: str
    facts: Sequence[Fact]
    figures: Sequence[Figure]
    table: CardTable | None = None


@dataclass(frozen=True)
class Section:
    """Cards that belong together; one without a card is left out.

    Attributes:
        cards: in their order.
        heading: above them, or none.
    """

    cards: Sequence[Card]
    heading: str = ""


@dataclass(frozen=True)
class PicturePage:
    """A whole page.

    Attributes:
        title: of the window.
        sections: one below the other.
        notes: below the heading.
        heading: in large letters; the title if it is empty.
    """

    title: str
    sections: Sequence[Section]
    notes: Sequence[Note] = ()
    heading: str = ""

    def html(self) -> str:
        """The page, pictures and all; no text can break it."""
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters["data_uri"] = data_uri
        return environment.get_template("picture_page.html").render(page=self)


def data_uri(rgb: NDArray[np.uint8]) -> str:
    """(H, W, 3) uint8 RGB as a JPEG within the page."""
    code = base64.b64encode(encode_image(rgb, ".jpg")).decode("ascii")
    return f"data:image/jpeg;base64,{code}"
