# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from llmseg_core import LLMSegPipeline
from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.data.folder import FolderData
from llmseg_training.evaluate import Case, Evaluation, PipelineAnswers, evaluate
from llmseg_training.evaluate.gallery import _chosen, gallery
from llmseg_training.evaluate.gallery_pictures import COLOURS, SIDE, compared, with_target
from llmseg_training.evaluate.json_lines import JsonLines


@pytest.fixture
def source(parts: ModelParts, tmp_path: Path) -> PipelineAnswers:
    return PipelineAnswers(
        LLMSegPipeline.from_parts(parts), JsonLines(tmp_path / "scores.jsonl", {})
    )


@pytest.fixture
def found(small_data: FolderData, source: PipelineAnswers) -> Evaluation:
    return evaluate(small_data, source)


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 100, dtype=np.uint8)


def region(size: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[rows, columns] = True
    return mask


def test_colours_say_what_is_right() -> None:
    size = 40, 60
    target = region(size, slice(0, 40), slice(0, 30))
    prediction = region(size, slice(0, 20), slice(0, 60))
    ignore = region(size, slice(0, 40), slice(50, 60))
    shown = compared(grey(*size), prediction, target, ignore)
    for (row, column), name in {
        (5, 5): "hit", (35, 5): "missed", (5, 40): "false alarm", (5, 55): "ignored"
    }.items():  # fmt: skip
        tinted = 0.45 * 100 + 0.55 * np.array(COLOURS[name])
        assert np.abs(shown[row, column] - tinted).max() <= 1, name
    assert (shown[35, 40] == 100).all()


def test_the_target_stands_out() -> None:
    size = 40, 60
    target = region(size, slice(10, 30), slice(10, 30))
    shown = with_target(grey(*size), target, None)
    assert (shown[20, 20] == 100).all()
    assert (shown[35, 50] == 40).all()
    assert tuple(shown[10, 20]) == COLOURS["missed"]
    assert (with_target(grey(*size), np.zeros(size, dtype=bool), None) == 100).all()


def test_large_images_are_shrunk() -> None:
    size = 1200, 600
    mask = region(size, slice(0, 600), slice(0, 600))
    shown = compared(grey(*size), mask, mask, None)
    assert shown.shape == (SIDE, SIDE // 2, 3)
    assert (shown[SIDE // 2 + 2] == 100).all()
    assert not (shown[SIDE // 2 - 2] == 100).any()


class Reader(HTMLParser):
    """Gathers elements and text, and knows whether every element was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_one_page_with_everything_in_it(
    found: Evaluation, small_data: FolderData, source: PipelineAnswers
) -> None:
    page = gallery(found, small_data, source, 3, "tiny on <small>")
    read = Reader(page)
    assert not read.open
    assert read.text.count("IoU with the target") == 6
    assert "tiny on <small>" in read.text
    images = [attributes["src"] or "" for tag, attributes in read.elements if tag == "img"]
    assert len(images) == 2 * 6
    for image in images:
        head, _, code = image.partition(",")
        assert head == "data:image/jpeg;base64"
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(code), np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape in ((48, 64, 3), (56, 52, 3))
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    ious = [float(text) for text in re.findall(r'<span class="(?:good|poor)">IoU ([\d.]+)', page)]
    worst = sorted(case.iou for case in found.cases)[:3]
    assert ious[:3] == pytest.approx(worst, abs=0.006)
    assert min(ious[3:]) >= max(worst) - 0.006


def test_texts_cannot_break_the_page(
    found: Evaluation, small_data: FolderData, source: PipelineAnswers
) -> None:
    nasty = tuple(replace(case, text='a "cup" <script>') for case in found.cases)
    page = gallery(replace(found, cases=nasty), small_data, source, 2, "tiny")
    assert "<script>" not in page
    assert Reader(page).text.count('a "cup" <script>') == 4


def test_the_reason_is_shown_where_nothing_was_found(
    parts: ModelParts, small_data: FolderData, tmp_path: Path
) -> None:
    picky = SelectionConfig(SelectionRule.IOP, iop_threshold=1.0)
    lines = JsonLines(tmp_path / "picky.jsonl", {})
    source = PipelineAnswers(LLMSegPipeline.from_parts(parts), lines, picky)
    found = evaluate(small_data, source)
    text = Reader(gallery(found, small_data, source, 50, "tiny")).text
    assert text.count("answered: nothing") == len(found.cases)
    reasons = re.findall("no proposal has an IoP above 1", text)
    assert len(reasons) == len(found.cases)


def test_no_case_is_both_worst_and_best(
    found: Evaluation, small_data: FolderData, source: PipelineAnswers
) -> None:
    page = gallery(found, small_data, source, 50, "tiny")
    assert page.count("<article>") == len(found.cases)
    assert "<h2>Best</h2>" not in page


def alike(number: int, iou: float, text: str, sample: str, category: str) -> Case:
    shared = MaskCounts(int(100 * iou), 100, 0, 1)
    return Case(sample, number, text, "phrase", category, True, True, shared)


def test_the_worst_are_not_all_the_same() -> None:
    """Twenty failures of one category leave room for others; without others they fill the page."""
    cups = [alike(number, 0.0, f"cup {number}", f"image {number}", "cup") for number in range(20)]
    others = [alike(0, 0.1, "the fork", "image 30", "fork"), alike(0, 0.2, "a hat", "a", "hat")]
    worst, best = _chosen([*others, *cups], 4)
    assert [case.category for case in worst] == ["cup", "cup", "fork", "hat"]
    assert [case.category for case in best] == ["cup"] * 4
    same_text = [alike(number, 0.0, "it", str(number), "") for number in range(5)]
    same_image = [alike(number, 0.0, f"text {number}", "one", "") for number in range(5)]
    worst, _ = _chosen([*same_text, *same_image, alike(0, 0.5, "last", "last", "")], 5)
    assert [case.text for case in worst] == ["it", "it", "text 0", "text 1", "last"]
