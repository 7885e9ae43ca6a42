# SPDX-License-Identifier: Apache-2.0
"""Readers of parts of objects: PACO-LVIS and PASCAL-Part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from helpers.data_files import write_json, write_picture
from helpers.lisa_tree import (
    LEFT,
    MIDDLE,
    TOP,
    VOC,
    coco_annotation,
    write_paco,
    write_pascal_part,
)
from llmseg_training.data import BrokenSampleError, QuestionKind, open_data
from llmseg_training.data.pascal_part import part_category


@pytest.mark.parametrize(
    ("annotations", "images"),
    [("vlpart/paco/annotations", "coco"), ("paco/annotations", "images"), ("annotations", ".")],
)
def test_paco_lvis(tmp_path: Path, annotations: str, images: str) -> None:
    write_paco(tmp_path, annotations, images)
    data = open_data(f"paco_lvis:{tmp_path}:train")
    assert data.name == "paco_lvis/train"
    first, second = data
    assert (first.name, second.name) == ("4", "9")
    assert [question.text for question in first.questions] == ["glass rim"]
    mug, handle = second.questions
    assert (mug.text, mug.kind, mug.category) == ("mug", QuestionKind.CATEGORY, "mug")
    assert np.array_equal(mug.mask, LEFT | MIDDLE)
    assert handle.text == "mug handle"
    assert np.array_equal(handle.mask, TOP)


def test_paco_images_of_another_size(tmp_path: Path) -> None:
    write_paco(tmp_path, "annotations", "coco")
    (tmp_path / "coco/val2017/000000000004.jpg").unlink()
    data = open_data(f"paco_lvis:{tmp_path}:train")
    with pytest.raises(BrokenSampleError, match=r"000000000004\.jpg is missing"):
        data[0]


@pytest.mark.parametrize("place", [".", "vlpart/pascal_part"])
def test_pascal_part_as_downloaded(tmp_path: Path, place: str) -> None:
    write_pascal_part(tmp_path / place)
    data = open_data(f"pascal_part:{tmp_path}:train")
    assert [data.sample_name(index) for index in range(2)] == ["2008_000002", "2008_000003"]
    leg, plate = data[0].questions
    assert (leg.text, plate.text) == ("cow leg", "bus license plate")
    assert np.array_equal(leg.mask, LEFT | MIDDLE | TOP)
    assert np.array_equal(plate.mask, TOP)
    with pytest.raises(BrokenSampleError, match="no question"):
        data[1]


def test_pascal_part_as_converted(tmp_path: Path) -> None:
    root = tmp_path / "vlpart/pascal_part"
    content = {
        "images": [{"id": 2008000002, "file_name": "2008_000002.jpg", "height": 48, "width": 64}],
        "annotations": [
            coco_annotation(0, 2008000002, 41, LEFT),
            coco_annotation(1, 2008000002, 41, MIDDLE),
            coco_annotation(2, 2008000002, 19, TOP),
        ],
        "categories": [{"id": 41, "name": "cow:leg"}, {"id": 19, "name": "bus:license plate"}],
    }
    write_json(root / "train.json", content)
    write_picture(root / f"{VOC}/JPEGImages/2008_000002.jpg")
    (sample,) = open_data(f"pascal_part:{tmp_path}:train")
    assert sample.name == "2008_000002"
    leg, plate = sample.questions
    assert (leg.text, plate.text) == ("cow leg", "bus license plate")
    assert np.array_equal(leg.mask, LEFT | MIDDLE)


@pytest.mark.parametrize(
    ("kind", "part", "category"),
    [
        ("person", "llleg", "person:leg"),
        ("person", "lear", "person:ear"),
        ("person", "lebrow", None),
        ("dog", "rfpa", "dog:paw"),
        ("pottedplant", "pot", "potted plant:pot"),
        ("aeroplane", "engine_1", None),
        ("car", "bliplate", "car:license plate"),
        ("train", "head", None),
    ],
)
def test_categories_of_parts(kind: str, part: str, category: str | None) -> None:
    assert part_category(kind, part) == category


def test_a_damaged_annotation(tmp_path: Path) -> None:
    write_pascal_part(tmp_path)
    path = tmp_path / "Annotations_Part/2008_000002.mat"
    whole = path.read_bytes()
    data = open_data(f"pascal_part:{tmp_path}:train")
    for content in (b"no structures", whole[:300], whole[: len(whole) // 2], b"x" * 500):
        path.write_bytes(content)
        with pytest.raises(BrokenSampleError, match=r"2008_000002\.mat cannot be read"):
            data[0]
    scipy.io.savemat(path, {"anno": 3})
    with pytest.raises(BrokenSampleError, match=r"2008_000002\.mat cannot be read"):
        data[0]
