# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from llmseg_core.images.picture_page import (
    Card,
    CardTable,
    Fact,
    Figure,
    Note,
    PicturePage,
    Section,
)

NASTY = "a \"cup\" & <script>alert('1')</script> {{ page }} é"


class Reader(HTMLParser):
    """Elements with their attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data))


def figure(value: int = 90, text: str = "a picture") -> Figure:
    return Figure(np.full((4, 6, 3), value, np.uint8), text, text)


def test_all_parts_of_a_page() -> None:
    table = CardTable("numbers", ("x", "y"), [("1", "2"), ("3", "4")])
    facts = [Fact("IoU 0.90", True), Fact(""), Fact("a fact"), Fact("IoU 0.10", False)]
    page = PicturePage(
        "the title",
        [Section([]), Section([Card("the card", facts, [figure()], table)], "the section")],
        [Note("a note"), Note("green", (1, 200, 3))],
    ).html()
    read = Reader(page)
    assert [text for text in read.texts if text[0] != "style"] == [
        ("title", "the title"), ("h1", "the title"), ("span", "a note"), ("span", "green"),
        ("h2", "the section"), ("h3", "the card"), ("span", "IoU 0.90"), ("span", "a fact"),
        ("span", "IoU 0.10"), ("figcaption", "a picture"), ("summary", "numbers"), ("th", "x"),
        ("th", "y"), ("td", "1"), ("td", "2"), ("td", "3"), ("td", "4"),
    ]  # fmt: skip
    assert '<span class="good">IoU 0.90</span>' in page
    assert '<span class="poor">IoU 0.10</span>' in page
    assert '<span><i style="background:rgb(1, 200, 3)"></i>green</span>' in page
    assert page.startswith("<!DOCTYPE html>\n")


def test_pictures_are_within_the_page() -> None:
    page = PicturePage("title", [Section([Card("card", [], [figure(9), figure(200)])])]).html()
    images = [attributes for tag, attributes in Reader(page).elements if tag == "img"]
    for image, value in zip(images, (9, 200), strict=True):
        head, _, code = str(image["src"]).partition(",")
        assert head == "data:image/jpeg;base64"
        pixels = np.array(Image.open(BytesIO(base64.b64decode(code))))
        assert pixels.shape == (4, 6, 3)
        assert np.abs(pixels.astype(int) - value).max() <= 3
    assert not re.search(r"(?:src|href)=\"(?!data:)|url\(|@import", page)


def test_no_text_breaks_the_page() -> None:
    table = CardTable(NASTY, (NASTY,), [(NASTY,)])
    card = Card(NASTY, [Fact(NASTY), Fact(NASTY, True)], [figure(1, NASTY)], table)
    page = PicturePage(NASTY, [Section([card], NASTY)], [Note(NASTY)], NASTY).html()
    assert "<script>" not in page
    read = Reader(page)
    assert sum(text == NASTY for _, text in read.texts) == 11
    assert [attributes["alt"] for tag, attributes in read.elements if tag == "img"] == [NASTY]


def test_a_card_without_its_parts_is_no_empty_page() -> None:
    with pytest.raises(UndefinedError, match="no attribute 'title'"):
        PicturePage("title", [Section([figure()])]).html()  # type: ignore[list-item]
