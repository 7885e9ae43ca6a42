# SPDX-License-Identifier: Apache-2.0
"""Readers of label maps: ADE20K, COCO-Stuff, Mapillary Vistas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data_files import SIZE, write_json, write_picture
from helpers.lisa_tree import (
    LEFT,
    MIDDLE,
    TOP,
    write_ade20k,
    write_labels,
    write_mapillary,
)
from llmseg_training.data import BrokenSampleError, DataSample, QuestionKind, open_data
from llmseg_training.data.ade20k_classes import ADE20K_CLASSES
from llmseg_training.data.coco_stuff_classes import COCO_STUFF_CLASSES


def masks(sample: DataSample) -> dict[str, np.ndarray]:
    assert all(question.kind is QuestionKind.CATEGORY for question in sample.questions)
    assert all(question.category == question.text for question in sample.questions)
    return {question.text: question.mask for question in sample.questions}


@pytest.mark.parametrize("place", [".", "ade20k", "ADEChallengeData2016"])
def test_ade20k(tmp_path: Path, place: str) -> None:
    write_ade20k(tmp_path / place)
    data = open_data(f"ade20k:{tmp_path}:training")
    (sample,) = data
    assert (data.name, sample.name) == ("ade20k/training", "ADE_train_00000001")
    found = masks(sample)
    assert list(found) == ["wall", "person", "flag"]
    assert np.array_equal(found["person"], MIDDLE)
    for question in sample.questions:
        assert np.array_equal(question.ignore, ~(LEFT | MIDDLE | TOP))


def test_coco_stuff(tmp_path: Path) -> None:
    stem = "000000000009"
    write_picture(tmp_path / f"coco/train2017/{stem}.jpg")
    wall = COCO_STUFF_CLASSES.index("wall-brick")
    write_labels(tmp_path / f"cocostuff/train2017/{stem}.png", 0, 181, wall, 255)
    (sample,) = open_data(f"coco_stuff:{tmp_path}:train2017")
    found = masks(sample)
    assert list(found) == ["person", "wood"]
    assert np.array_equal(found["person"], LEFT)
    assert np.array_equal(found["wood"], MIDDLE)
    assert np.array_equal(sample.questions[0].ignore, ~(LEFT | MIDDLE))


def test_coco_stuff_as_unpacked_beside_coco(tmp_path: Path) -> None:
    write_picture(tmp_path / "val2017/7.jpg")
    write_labels(tmp_path / "stuffthingmaps/val2017/7.png", 2, 2, 2, 2)
    (question,) = open_data(f"coco_stuff:{tmp_path}:val2017")[0].questions
    assert (question.text, question.mask.all(), question.ignore) == ("car", True, None)


@pytest.mark.parametrize("version", ["v2.0", "v1.2"])
def test_mapillary(tmp_path: Path, version: str) -> None:
    write_mapillary(tmp_path / "mapillary", version)
    (sample,) = open_data(f"mapillary:{tmp_path}:training")
    found = masks(sample)
    assert list(found) == ["bird", "traffic sign (front)"]
    assert np.array_equal(found["bird"], LEFT)
    assert np.array_equal(found["traffic sign (front)"], ~(LEFT | MIDDLE))
    assert np.array_equal(sample.questions[0].ignore, MIDDLE)


def test_broken_samples(tmp_path: Path) -> None:
    write_ade20k(tmp_path)
    labels = tmp_path / "annotations/training"
    for number in range(2, 7):
        write_picture(tmp_path / f"images/training/{number}.jpg")
    write_labels(labels / "3.png", 0, 0, 0, 0)
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(labels / "4.png")
    Image.fromarray(np.ones((64, 48), np.uint8)).save(labels / "5.png")
    (labels / "6.png").write_bytes(b"no picture")
    write_labels(labels / "7.png", 1, 1, 1, 1)
    data = open_data(f"ade20k:{tmp_path}:training")
    reasons = {
        "2": r"2\.png is missing",
        "3": "no question",
        "4": "mode RGB",
        "5": r"\(64, 48\), the image is \(48, 64\)",
        "6": "is no image that can be read",
        "7": r"7\.jpg is missing",
    }
    assert len(data) == 7
    for index in range(6):
        name = data.sample_name(index)
        with pytest.raises(BrokenSampleError, match=reasons[name]):
            data[index]
    assert data[6].name == "ADE_train_00000001"


def test_a_bad_config(tmp_path: Path) -> None:
    write_mapillary(tmp_path, "v2.0")
    write_json(tmp_path / "config_v2.0.json", {"labels": [{"name": "a"}]})
    with pytest.raises(ValueError, match="no config of Mapillary Vistas"):
        open_data(f"mapillary:{tmp_path}:training")


@pytest.mark.parametrize("kind", ["ade20k", "coco_stuff", "mapillary"])
def test_nothing_there(tmp_path: Path, kind: str) -> None:
    split = {"coco_stuff": "val2017"}.get(kind, "validation")
    with pytest.raises(FileNotFoundError, match=f"{tmp_path.name} has none of"):
        open_data(f"{kind}:{tmp_path}:{split}")


def test_class_names() -> None:
    assert len(set(ADE20K_CLASSES)) == 150
    assert len(set(COCO_STUFF_CLASSES)) == 182
    assert COCO_STUFF_CLASSES[17] == "dog"
    assert sum("-" in name for name in COCO_STUFF_CLASSES) == 28
