# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.data_files import SIZE, box_mask
from helpers.lisa_tree import shape, write_reason_seg
from llmseg_training.data import BrokenSampleError, QuestionKind, open_data
from llmseg_training.data.reason_seg import draw_shapes

IMAGE = "3903065_o"


def test_a_sample(tmp_path: Path) -> None:
    write_reason_seg(tmp_path / "val")
    data = open_data(f"reason_seg:{tmp_path}:val")
    (sample,) = data
    assert (data.name, sample.name) == ("reason_seg/val", IMAGE)
    assert sample.image.shape == (*SIZE, 3)
    texts = [question.text for question in sample.questions]
    assert texts == ["What can cut paper?", "Which tool has blades?"]
    ignore = box_mask(12, 12, 16, 16)
    target = (box_mask(10, 10, 30, 30) | box_mask(40, 40, 44, 44)) & ~ignore
    for question in sample.questions:
        assert question.kind is QuestionKind.INSTRUCTION
        assert np.array_equal(question.mask, target)
        assert np.array_equal(question.ignore, ignore)


def test_phrases_and_no_ignored_pixels(tmp_path: Path) -> None:
    write_reason_seg(
        tmp_path / "train",
        text=["scissors"],
        is_sentence=False,
        shapes=[shape("target", 1, 1, 5, 5)],
    )
    (question,) = open_data(f"reason_seg:{tmp_path}:train")[0].questions
    assert question.kind is QuestionKind.PHRASE
    assert question.ignore is None


def test_small_shapes_lie_on_large_ones_whatever_their_order() -> None:
    small, large = shape("target", 12, 12, 16, 16), shape("IGNORE", 10, 10, 30, 30)
    for shapes in ([small, large], [large, small]):
        drawn = draw_shapes(shapes, SIZE)
        assert np.array_equal(drawn == 1, box_mask(12, 12, 16, 16))
        assert np.array_equal(drawn == 255, box_mask(10, 10, 30, 30) & ~box_mask(12, 12, 16, 16))


def test_lisas_arrangement(tmp_path: Path) -> None:
    write_reason_seg(tmp_path / "reason_seg/ReasonSeg/val")
    write_reason_seg(tmp_path / "reason_seg/ReasonSeg/val", name="a")
    data = open_data(f"reason_seg:{tmp_path}:val")
    assert [sample.name for sample in data] == [IMAGE, "a"]


def test_annotations_in_windows_code_page(tmp_path: Path) -> None:
    content = write_reason_seg(tmp_path / "val", text=["the caf\u00e9\u2019s door"])
    path = tmp_path / "val" / f"{IMAGE}.json"
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode("cp1252"))
    assert (
        open_data(f"reason_seg:{tmp_path}:val")[0].questions[0].text == "the caf\u00e9\u2019s door"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shapes": [{"label": "target", "points": [[1, 2], [3]]}]}, r"polygon.*pairs"),
        ({"shapes": [{"label": "target", "points": [[1, 2], [3, "x"], [4, 5]]}]}, "polygon"),
        ({"shapes": [{"label": "target", "points": [[1, 2], [3, float("nan")]]}]}, "polygon"),
        ({"shapes": [{"label": "target", "points": [[1, 2], [3, 1e12], [4, 5]]}]}, "polygon"),
        ({"shapes": [{"label": "target", "points": []}]}, "polygon"),
        ({"shapes": None}, "not as it must be"),
        ({"text": []}, "text or a list of texts"),
        ({"text": [" "]}, "instruction is empty"),
    ],
)
def test_bad_annotations(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    write_reason_seg(tmp_path / "val", **changes)
    with pytest.raises(BrokenSampleError, match=reason) as caught:
        open_data(f"reason_seg:{tmp_path}:val")[0]
    assert caught.value.sample == IMAGE


def test_files_that_are_missing_or_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "val"
    for name in "abcdef":
        write_reason_seg(folder, name)
    (folder / "a.jpg").unlink()
    (folder / "b.json").unlink()
    (folder / "c.jpg").write_bytes(b"no picture")
    (folder / "d.json").write_bytes(b'{"text": ["\x81\x8d"]}')
    (folder / "e.json").write_text('{"text": [')
    data = open_data(f"reason_seg:{tmp_path}:val")
    reasons = ["a.jpg is missing", "b.json is missing", "no image", "neither UTF-8", "Expecting"]
    for index, reason in enumerate(reasons):
        with pytest.raises(BrokenSampleError, match=reason) as caught:
            data[index]
        assert caught.value.sample == "abcde"[index]
    assert data[5].name == "f"


def test_splits_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split is 'dev', it must be one of train, val, test"):
        open_data(f"reason_seg:{tmp_path}:dev")
    with pytest.raises(ValueError, match="split is ''"):
        open_data(f"reason_seg:{tmp_path}")
    with pytest.raises(FileNotFoundError, match="has none of val, reason_seg/ReasonSeg/val"):
        open_data(f"reason_seg:{tmp_path}:val")
    (tmp_path / "val").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no image and no \.json"):
        open_data(f"reason_seg:{tmp_path}:val")
