# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.data_files import SIZE, box_mask, write_picture
from llmseg_training.data import (
    BrokenSampleError,
    FolderData,
    QuestionKind,
    encode_mask,
    open_data,
)

BOX = box_mask(3, 5, 20, 30)
QUESTION = {"text": "what can I drink?", "mask": encode_mask(BOX)}
LINE = {"name": "a", "image": "images/a.png", "questions": [QUESTION]}


def write_lines(folder: Path, *lines: Any) -> FolderData:
    write_picture(folder / "images" / "a.png")
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "samples.jsonl").write_text("\n".join(text), encoding="utf-8")
    return FolderData(folder)


def test_a_sample(tmp_path: Path) -> None:
    data = write_lines(tmp_path, LINE)
    assert (data.name, len(data), data.sample_name(0)) == (tmp_path.name, 1, "a")
    (sample,) = data
    assert sample.name == "a"
    assert np.array_equal(sample.image, write_picture(tmp_path / "images" / "a.png"))
    assert np.array_equal(sample.image, data.image(0))
    (question,) = sample.questions
    assert (question.text, question.kind) == ("what can I drink?", QuestionKind.INSTRUCTION)
    assert np.array_equal(question.mask, BOX)
    assert (question.ignore, question.category) == (None, "")


def test_everything_that_a_question_can_have(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    Image.fromarray(box_mask(30, 30, 40, 40).astype(np.uint8) * 255).save(tmp_path / "masks/a.png")
    full = {
        "text": "größte Tasse",
        "kind": "phrase",
        "category": "mug",
        "mask": "masks/a.png",
        "ignore": [[5, 3, 30, 3, 30, 20, 5, 20]],
    }
    data = write_lines(tmp_path, {**LINE, "questions": [full, QUESTION]}, "", "   ")
    (sample,) = data
    question = sample.questions[0]
    assert (question.text, question.kind.value, question.category) == (
        "größte Tasse",
        "phrase",
        "mug",
    )
    assert np.array_equal(question.mask, box_mask(30, 30, 40, 40))
    assert np.array_equal(question.ignore, BOX)
    assert len(sample.questions) == 2


def test_the_name_comes_from_the_image(tmp_path: Path) -> None:
    write_picture(tmp_path / "images/kitchen/b.jpg", seed=1)
    nameless = {"image": "images/kitchen/b.jpg", "questions": [QUESTION]}
    data = write_lines(tmp_path, nameless, LINE)
    assert [sample.name for sample in data] == ["kitchen/b", "a"]


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        ({**LINE, "image": "images/b.png"}, "a", "b.png is missing"),
        ({**LINE, "image": "samples.jsonl"}, "a", "no image that can be read"),
        ({**LINE, "questions": []}, "a", "no question"),
        ({**LINE, "questions": [{"text": "a mug"}]}, "a", "a question has no 'mask'"),
        ({**LINE, "questions": [{**QUESTION, "text": " "}]}, "a", "instruction is empty"),
        ({**LINE, "questions": [{**QUESTION, "text": None}]}, "a", "'text'"),
        ({**LINE, "questions": [{**QUESTION, "kind": "riddle"}]}, "a", "'riddle'.*instruction"),
        ({**LINE, "questions": [{**QUESTION, "maks": 1}]}, "a", "unknown key 'maks'"),
        ({**LINE, "questions": [{**QUESTION, "mask": "m.png"}]}, "a", "m.png is missing"),
        ({**LINE, "questions": [{**QUESTION, "mask": "images/a.png"}]}, "a", "one channel"),
        (
            {**LINE, "questions": [{**QUESTION, "mask": {"size": [4, 4], "counts": "`0"}}]},
            "a",
            r"\[4, 4\], the image is \[48, 64\]",
        ),
        ({**LINE, "questions": 3}, "a", "not as it must be"),
        ({**LINE, "name": "../a"}, "line 1", "relative path"),
        ({**LINE, "name": "/a"}, "line 1", "relative path"),
        ({"name": "a"}, "line 1", "a sample has no 'image'"),
        ([1], "line 1", "must be an object"),
        ('{"name": "a", ', "line 1", "Expecting"),
        ("[" * 100_000, "line 1", "nested too deeply"),
    ],
)
def test_broken_samples_are_named(tmp_path: Path, line: Any, name: str, reason: str) -> None:
    good = {**LINE, "name": "good"}
    data = write_lines(tmp_path, line, good)
    assert [data.sample_name(index) for index in range(2)] == [name, "good"]
    with pytest.raises(BrokenSampleError, match=reason) as caught:
        data[0]
    assert (caught.value.data, caught.value.sample) == (tmp_path.name, name)
    assert data[1].name == "good"


def test_a_name_used_twice(tmp_path: Path) -> None:
    data = write_lines(tmp_path, LINE, LINE)
    assert data[0].name == "a"
    with pytest.raises(BrokenSampleError, match=r"'line 2'.*'a' is used in an earlier line"):
        data[1]


def test_a_mask_of_another_size(tmp_path: Path) -> None:
    data = write_lines(tmp_path, {**LINE, "questions": [{**QUESTION, "mask": "small.png"}]})
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(BrokenSampleError, match=r"\(10, 10\), the image is \(48, 64\)"):
        data[0]
    assert data.image(0).shape == (*SIZE, 3)


def test_no_folder_of_this_format(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no samples\.jsonl"):
        FolderData(tmp_path)
    (tmp_path / "samples.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="must have a line"):
        FolderData(tmp_path)


def test_a_path_names_a_folder(tmp_path: Path) -> None:
    write_lines(tmp_path, LINE)
    for spec in (tmp_path, str(tmp_path), f"folder:{tmp_path}"):
        assert open_data(spec)[0].name == "a"
    assert open_data(tmp_path.name, root=tmp_path.parent)[0].name == "a"
    odd = tmp_path / "odd:name"
    write_lines(odd, LINE)
    assert open_data(odd)[0].name == "a"
    assert open_data(f"folder:{odd}")[0].name == "a"


def test_unknown_kinds_and_splits(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'cocoa' is no kind.*one of folder"):
        open_data(f"cocoa:{tmp_path}")
    with pytest.raises(FileNotFoundError, match=r"samples\.jsonl"):
        open_data(tmp_path / "nothing")
