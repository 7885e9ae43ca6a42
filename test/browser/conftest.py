# SPDX-License-Identifier: Apache-2.0
"""A real browser for the tests of the pages: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.browser import CHROMIUM_FLAGS, WAIT_MS, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    sync = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright: pip install -r requirements-browser.txt"
    )
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium: apt install chromium")
    with sync.sync_playwright() as play:
        sync.expect.set_options(timeout=WAIT_MS)
        started = play.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: object) -> Iterator[Page]:
    """A window of its own; what goes wrong in the page's own code fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    made = context.new_page()
    made.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("dialog", lambda dialog: dialog.accept())
    yield made
    context.close()
    assert faults == []
