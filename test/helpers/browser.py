# SPDX-License-Identifier: Apache-2.0
"""How the pages' tests and pictures start and use a browser."""

from __future__ import annotations

from typing import Any, TypeAlias

Page: TypeAlias = Any
"""Playwright's `Page`, which is not installed where no browser is tested"""

CHROMIUM_FLAGS = [
    "--no-sandbox",  # for root, as in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 30_000
"""milliseconds that something may take to show, on a busy machine"""


def place_on(page: Page, selector: str, across: float, down: float) -> tuple[float, float]:
    """A point of an element by shares of its width and height, in the window's pixels."""
    box = page.locator(selector).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def drag(page: Page, *places: tuple[float, float]) -> None:
    """Press at the first place, move over the others, release at the last."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
