# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.data_files import box_mask, write_json, write_picture
from llmseg_training.data import BrokenSampleError, ImageData, QuestionKind, encode_mask, open_data

BOX = box_mask(3, 5, 20, 30)
PAIR = {"question": "What keeps rain off?", "answer": "The umbrella.", "rle_seg": encode_mask(BOX)}


def write_split(root: Path, *entries: dict[str, Any]) -> ImageData:
    names = ["000000000009.jpg", "0A1B.jpg", "other.jpg"][: len(entries)]
    write_picture(root / "coco/train2017/000000000009.jpg")
    write_picture(root / "ego_objects/images/0A1B.jpg")
    write_json(root / "LLMSeg-40K/validation.json", dict(zip(names, entries, strict=True)))
    return open_data(f"llm_seg40k:{root}:validation")


def test_samples(tmp_path: Path) -> None:
    second = {**PAIR, "question": "What is wet?"}
    data = write_split(
        tmp_path,
        {"from_dataset": "coco", "qa_pairs": [PAIR, second]},
        {"from_dataset": "ego_objects", "qa_pairs": [PAIR]},
    )
    coco, ego = data
    assert data.name == "llm_seg40k/validation"
    assert (coco.name, ego.name) == ("000000000009", "0A1B")
    texts = [question.text for question in coco.questions]
    assert texts == ["What keeps rain off?", "What is wet?"]
    question = ego.questions[0]
    assert (question.kind, question.category) == (QuestionKind.INSTRUCTION, "ego_objects")
    assert np.array_equal(question.mask, BOX)


def test_annotations_beside_the_images(tmp_path: Path) -> None:
    write_picture(tmp_path / "coco/train2017/a.jpg")
    write_json(tmp_path / "train.json", {"a.jpg": {"from_dataset": "coco", "qa_pairs": [PAIR]}})
    assert open_data(f"llm_seg40k:{tmp_path}:train")[0].name == "a"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"from_dataset": "flickr", "qa_pairs": [PAIR]}, "'flickr'.*coco, ego_objects"),
        ({"from_dataset": "coco", "qa_pairs": []}, "no question"),
        ({"from_dataset": "coco"}, "KeyError: 'qa_pairs'"),
        (
            {"from_dataset": "coco", "qa_pairs": [{**PAIR, "rle_seg": {"size": [48, 64]}}]},
            "must have size and counts",
        ),
    ],
)
def test_bad_entries(tmp_path: Path, entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(BrokenSampleError, match=reason):
        write_split(tmp_path, entry)[0]


def test_a_missing_image(tmp_path: Path) -> None:
    entry = {"from_dataset": "coco", "qa_pairs": [PAIR]}
    data = write_split(tmp_path, entry, {**entry, "from_dataset": "ego_objects"}, entry)
    with pytest.raises(BrokenSampleError, match=r"other\.jpg.* is missing"):
        data[2]


def test_two_images_of_one_name(tmp_path: Path) -> None:
    entry = {"from_dataset": "coco", "qa_pairs": [PAIR]}
    write_json(tmp_path / "test.json", {"a.jpg": entry, "a.png": entry})
    with pytest.raises(ValueError, match="llm_seg40k/test has two samples of the name 'a'"):
        open_data(f"llm_seg40k:{tmp_path}:test")


def test_a_file_of_another_form(tmp_path: Path) -> None:
    write_json(tmp_path / "test.json", [1, 2])
    with pytest.raises(ValueError, match="must map names of images"):
        open_data(f"llm_seg40k:{tmp_path}:test")
    (tmp_path / "test.json").write_text("{")
    with pytest.raises(ValueError, match=r"test\.json is no JSON"):
        open_data(f"llm_seg40k:{tmp_path}:test")
