# SPDX-License-Identifier: Apache-2.0
"""The page for labelling in a real browser, with the packaged model, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.browser import Page, drag, place_on
from llmseg_core import load_method
from llmseg_core.images.image_files import images_in, read_image, write_image
from llmseg_core.web.server import LocalServer
from llmseg_training.data import FolderData
from llmseg_training.data.bag_frames import write_frames
from llmseg_training.label.app import label_app
from llmseg_training.label.assistant import Assistant
from llmseg_training.label.samples_file import SamplesFile
from llmseg_training.label.session import LabelSession

RECORDING = Path(__file__).parents[2] / "llmseg_ros" / "demo" / "recording"
CHOOSE = "Click a region to choose it"


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant(load_method("embedded"))


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    folder = tmp_path_factory.mktemp("frames")
    write_frames(RECORDING, folder, every_s=4.0)
    return [read_image(path) for path in images_in(folder / "images")][:3]


@pytest.fixture
def folder(tmp_path: Path, frames: list[np.ndarray]) -> Path:
    for number, frame in enumerate(frames, 1):
        write_image(tmp_path / "images" / f"scene_{number}.png", frame)
    return tmp_path


@pytest.fixture
def url(folder: Path, assistant: Assistant) -> Iterator[str]:
    session, server = LabelSession(folder, assistant), LocalServer()
    server.start(label_app(session))
    yield server.url
    server.stop()
    assert session.close(60)


@pytest.fixture
def expect(browser: object) -> Any:
    from playwright.sync_api import expect

    return expect


def begin(page: Page, url: str, expect: Any) -> None:
    page.goto(url)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#hint")).to_have_text(CHOOSE)


def test_by_mouse(page: Page, url: str, folder: Path, expect: Any) -> None:
    begin(page, url, expect)
    assert page.get_by_role("button", name="Save question").is_disabled()
    page.mouse.click(*place_on(page, "#canvas", 0.70, 0.67))  # a carrot lies there
    expect(page.locator("#chosen")).to_contain_text("% of the image")
    page.get_by_label("The question", exact=True).fill("an orange vegetable")
    expect(page.locator("#model-line")).to_contain_text("confidence")
    page.get_by_role("button", name="Save question").click()
    expect(page.locator("#questions li")).to_have_count(1)

    # A box that is dragged, mended by brush and eraser; undo takes back one stroke.
    drag(page, place_on(page, "#canvas", 0.66, 0.22), place_on(page, "#canvas", 0.86, 0.63))
    expect(page.locator("#hint")).to_contain_text("Mend it")
    page.get_by_role("radio", name="Brush").click()
    before = page.locator("#chosen").text_content()
    drag(page, place_on(page, "#canvas", 0.3, 0.9), place_on(page, "#canvas", 0.5, 0.9))
    expect(page.locator("#chosen")).not_to_have_text(before)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#chosen")).to_have_text(before)
    page.get_by_role("radio", name="Erase").click()
    drag(page, place_on(page, "#canvas", 0.7, 0.35), place_on(page, "#canvas", 0.8, 0.35))
    expect(page.locator("#chosen")).not_to_have_text(before)
    page.get_by_label("The question", exact=True).fill("the can")
    page.get_by_role("radio", name="Phrase").click()
    page.get_by_label("Category").fill("can")
    page.get_by_role("button", name="Save question").click()
    expect(page.locator("#questions li")).to_have_count(2)

    # Nothing fits.
    page.get_by_label("Nothing in this image fits").check()
    page.get_by_label("The question", exact=True).fill("a pair of scissors")
    page.get_by_role("button", name="Save question").click()
    expect(page.locator("#questions li")).to_have_count(3)
    expect(page.locator("#counts")).to_have_text("1 of 3 images · 3 questions")
    expect(page.locator("#questions .badge")).to_have_count(3)  # the model was asked

    first, second, third = FolderData(folder)[0].questions
    assert (first.text, second.kind.value, second.category) == (
        "an orange vegetable", "phrase", "can",
    )  # fmt: skip
    assert 0.005 < first.mask.mean() < 0.05
    assert second.mask.any()
    assert not third.mask.any()

    # A question is changed and removed, and the removal taken back.
    page.get_by_text("the can", exact=True).click()
    page.get_by_label("The question", exact=True).fill("the grey can")
    page.get_by_role("button", name="Save change").click()
    page.get_by_role("button", name="Remove: an orange vegetable").click()
    expect(page.locator("#questions li")).to_have_count(2)
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(page.locator("#questions li")).to_have_count(3)
    texts = [question.text for question in FolderData(folder)[0].questions]
    assert texts == ["an orange vegetable", "the grey can", "a pair of scissors"]
    np.testing.assert_array_equal(FolderData(folder)[0].questions[1].mask, second.mask)


def test_by_keyboard_alone(page: Page, url: str, folder: Path, expect: Any) -> None:
    begin(page, url, expect)
    keys = page.keyboard
    for number in range(1, 4):
        expect(page.locator("#name")).to_have_text(f"scene_{number}")
        expect(page.locator("#hint")).to_have_text(CHOOSE)
        for _ in range(number + 1):
            keys.press("ArrowRight")
        keys.press("Space")
        keys.press("q")
        keys.type(f"thing number {number}")
        keys.press("Enter")
        expect(page.locator("#questions li .text")).to_have_count(1)
        keys.press("n")
        keys.press("q")
        keys.type("a unicorn")
        keys.press("Control+Enter")
        if number < 3:
            expect(page.locator("#name")).to_have_text(f"scene_{number + 1}")
    expect(page.locator("#counts")).to_have_text("3 of 3 images · 6 questions")
    data = FolderData(folder)
    assert [[bool(q.mask.any()) for q in sample.questions] for sample in data] == [
        [True, False]
    ] * 3


def test_the_worst_answered_come_first(page: Page, url: str, folder: Path, expect: Any) -> None:
    begin(page, url, expect)
    for text in ("what is orange and can be eaten?", "a unicorn"):
        page.mouse.click(*place_on(page, "#canvas", 0.70, 0.67))
        page.get_by_label("The question", exact=True).fill(text)
        page.keyboard.press("Enter")
        expect(page.locator("#questions")).to_contain_text(text)
        page.get_by_role("button", name="Next image").click()
        expect(page.locator("#hint")).to_have_text(CHOOSE)
    expect(page.locator("#images .badge[title^=IoU]")).to_have_count(2)
    page.get_by_label("Show").select_option("worst answered")
    scores = page.locator("#images li").evaluate_all(
        "items => items.map(item => Number(item.querySelector('[title^=IoU]')?.textContent ?? 2))"
    )
    assert scores == sorted(scores)
    assert scores[0] < scores[1] <= 1


def test_what_somebody_else_writes_is_shown_and_what_is_typed_stays(
    page: Page, url: str, folder: Path, expect: Any
) -> None:
    begin(page, url, expect)
    SamplesFile(folder).change(
        "scene_1", "images/scene_1.png", "", lambda _: [{"text": "of a colleague", "mask": []}]
    )
    page.mouse.click(*place_on(page, "#canvas", 0.70, 0.67))
    page.get_by_label("The question", exact=True).fill("mine")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("changed by somebody else")
    expect(page.locator("#questions")).to_contain_text("of a colleague")
    page.keyboard.press("Enter")
    expect(page.locator("#questions li .text")).to_have_count(2)
    texts = [question.text for question in FolderData(folder)[0].questions]
    assert texts == ["of a colleague", "mine"]


def test_text_of_others_is_text(page: Page, url: str, folder: Path, expect: Any) -> None:
    SamplesFile(folder).change(
        "scene_1", "images/scene_1.png", "",
        lambda _: [{"text": "<img src=x onerror=alert(1)><b>bold</b>", "mask": []}],
    )  # fmt: skip
    page.goto(f"{url}#scene_1")
    expect(page.locator("#questions")).to_contain_text("<img src=x onerror=alert(1)><b>bold</b>")


def test_a_server_that_went_away_is_told_and_nothing_typed_is_lost(
    page: Page, folder: Path, assistant: Assistant, expect: Any
) -> None:
    session, server = LabelSession(folder, assistant), LocalServer()
    server.start(label_app(session))
    begin(page, server.url, expect)
    page.mouse.click(*place_on(page, "#canvas", 0.70, 0.67))
    server.stop()
    session.close(60)
    page.get_by_label("The question", exact=True).fill("mine")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Not saved: the server is away")
    assert page.get_by_label("The question", exact=True).input_value() == "mine"
    again = LocalServer(port=server.port)
    session = LabelSession(folder, assistant)
    again.start(label_app(session))
    page.keyboard.press("Enter")
    expect(page.locator("#questions li .text")).to_have_count(1)
    again.stop()
    session.close(60)
