"""Readers of parts of objects: PACO-LVIS and PASCAL-Part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from helpers.data_files import SIZE, box_mask, write_json, write_picture
from llmseg_training.data import BrokenSampleError, QuestionKind, encode_mask, open_data
from llmseg_training.data.pascal_part import part_name

LEFT, MIDDLE, TOP = box_mask(0, 0, 48, 20), box_mask(0, 20, 48, 40), box_mask(0, 40, 10, 64)


def annotation(number: int, image: int, category: int, mask: np.ndarray) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": encode_mask(mask),
    }


def write_paco(root: Path, annotations: str, images: str) -> None:
    content = {
        "images": [
            {"id": 9, "file_name": "train2017/000000000009.jpg", "height": 48, "width": 64,
             "not_exhaustive_category_ids": [3]},
            {"id": 4, "file_name": "val2017/000000000004.jpg", "height": 48, "width": 64},
            {"id": 5, "file_name": "val2017/000000000005.jpg", "height": 48, "width": 64},
        ],
        "annotations": [
            annotation(1, 9, 1, LEFT), annotation(2, 9, 1, MIDDLE), annotation(3, 9, 2, TOP),
            annotation(4, 9, 3, TOP), annotation(5, 4, 3, TOP),
        ],
        "categories": [
            {"id": 1, "name": "mug", "supercategory": "OBJECT"},
            {"id": 2, "name": "mug:handle", "supercategory": "PART"},
            {"id": 3, "name": "glass_(drink_container):rim_(edge)", "supercategory": "PART"},
        ],
    }  # fmt: skip
    write_json(root / annotations / "paco_lvis_v1_train.json", content)
    write_picture(root / images / "train2017/000000000009.jpg")
    write_picture(root / images / "val2017/000000000004.jpg")


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


VOC = "VOCdevkit/VOC2010"


def write_mat(path: Path, objects: list[tuple[str, list[tuple[str, np.ndarray]]]]) -> None:
    """An annotation as PASCAL-Part stores it: structures in MATLAB's format."""
    fields = [("class", object), ("class_ind", object), ("mask", object), ("parts", object)]
    things = np.zeros((1, len(objects)), dtype=fields)
    for index, (kind, parts) in enumerate(objects):
        inner = np.zeros((1, len(parts)), dtype=[("part_name", object), ("mask", object)])
        for place, (name, mask) in enumerate(parts):
            inner[0, place] = (name, mask.astype(np.uint8))
        things[0, index] = (kind, 1, np.zeros(SIZE, np.uint8), inner)
    anno = np.zeros((1, 1), dtype=[("imname", object), ("objects", object)])
    anno[0, 0] = (path.stem, things)
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"anno": anno})


def write_pascal_part(root: Path) -> None:
    folder = root / "Annotations_Part"
    write_mat(
        folder / "2008_000002.mat",
        [
            ("cow", [("lfuleg", LEFT), ("rbleg", MIDDLE), ("lfho", TOP)]),
            ("cow", [("rfuleg", TOP)]),
            ("tvmonitor", []),
            ("bus", [("fliplate", TOP), ("frontside", LEFT)]),
        ],
    )
    write_mat(folder / "2008_000003.mat", [("chair", [])])
    write_picture(root / f"{VOC}/JPEGImages/2008_000002.jpg")
    write_picture(root / f"{VOC}/JPEGImages/2008_000003.jpg")
    listed = root / VOC / "ImageSets/Main/train.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("2008_000001\n2008_000002\n2008_000003\n")


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
            annotation(0, 2008000002, 41, LEFT),
            annotation(1, 2008000002, 41, MIDDLE),
            annotation(2, 2008000002, 19, TOP),
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
    ("kind", "part", "name"),
    [
        ("person", "llleg", "person leg"),
        ("person", "lear", "person ear"),
        ("person", "lebrow", None),
        ("dog", "rfpa", "dog paw"),
        ("pottedplant", "pot", "potted plant pot"),
        ("aeroplane", "engine_1", None),
        ("car", "bliplate", "car license plate"),
        ("train", "head", None),
    ],
)
def test_names_of_parts(kind: str, part: str, name: str | None) -> None:
    assert part_name(kind, part) == name


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
