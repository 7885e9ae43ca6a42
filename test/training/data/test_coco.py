# SPDX-License-Identifier: Apache-2.0
"""Plain COCO JSON in the layouts in which people get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.data_files import SIZE, box_mask, write_json, write_picture
from llmseg_training.data import BrokenSampleError, QuestionKind, encode_mask, open_data

BOX = [[5, 3, 30, 3, 30, 20, 5, 20]]
CUP = box_mask(3, 5, 20, 30)
RIGHT = box_mask(0, 40, 48, 64)
COUNTS = {"size": list(SIZE), "counts": [40 * 48, 24 * 48]}
"""RIGHT in run lengths that are not compressed, as COCO has them of crowds"""


def annotation(number: int, image: int, category: int, code: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "image_id": image, "category_id": category, "segmentation": code, **more}


def content(*files: str, **changes: Any) -> dict[str, Any]:
    """The first image has two cups and a spoon, the second a spoon, the third nothing."""
    images = [
        {"id": number, "file_name": file, "height": 48, "width": 64}
        for number, file in enumerate(files, 1)
    ]
    annotations = [
        annotation(1, 1, 7, BOX),
        annotation(2, 1, 7, COUNTS),
        annotation(3, 1, 9, encode_mask(RIGHT)),
        annotation(4, 2, 9, BOX),
    ]
    categories = [{"id": 7, "name": "coffee_cup"}, {"id": 9, "name": "Spoon"},
                  {"id": 11, "name": "fork"}, {"id": 0, "name": "dummy"}]  # fmt: skip
    return {"images": images, "annotations": annotations, "categories": categories, **changes}


LAYOUTS = {
    "coco": ("annotations/instances_train.json", "train/{}", "{}", "train"),
    "coco_images": ("annotations/instances_train.json", "images/train/{}", "{}", ""),
    "cvat": ("annotations/instances_default.json", "images/default/{}", "{}", "default"),
    "cvat_flat": ("annotations/instances_default.json", "images/{}", "{}", ""),
    "label_studio": ("result.json", "images/{}", "images/{}", ""),
    "label_studio_windows": ("result.json", "images/{}", "images\\{}", ""),
    "label_studio_server": ("result.json", "images/{}", "../../label-studio/upload/3/{}", ""),
    "roboflow": ("valid/_annotations.coco.json", "valid/{}", "{}", "valid"),
    "fiftyone": ("labels.json", "data/{}", "{}", ""),
    "folders": ("annotations/train.json", "images/{}", "sub/{}", "train"),
}
"""Where the annotations are, an image is, how they name it, and the split."""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read(layout: str, tmp_path: Path) -> None:
    file, place, named, split = LAYOUTS[layout]
    files = ("a.jpg", "b.jpg", "c.jpg")
    write_json(tmp_path / file, content(*map(named.format, files)))
    seen = [write_picture(tmp_path / place.format(name), seed) for seed, name in enumerate(files)]
    for spec in (
        f"coco:{tmp_path}:{split}".rstrip(":"),
        f"coco:{tmp_path}",
        f"coco:{tmp_path / file}",
    ):
        data = open_data(spec)
        assert [data.sample_name(index) for index in range(len(data))] == ["a", "b"]
        first, second = data
        assert np.array_equal(first.image, seen[0])
        assert [each.text for each in first.questions] == ["coffee cup", "Spoon"]
        assert {each.kind for each in first.questions} == {QuestionKind.CATEGORY}
        assert np.array_equal(first.questions[0].mask, CUP | RIGHT)
        assert np.array_equal(first.questions[1].mask, RIGHT)
        assert np.array_equal(second.questions[0].mask, CUP)


def written(folder: Path, **changes: Any) -> Path:
    write_json(
        folder / "annotations/instances_train.json", content("a.jpg", "b.jpg", "c.jpg", **changes)
    )
    for name in "abc":
        write_picture(folder / f"train/{name}.jpg")
    return folder


@pytest.mark.parametrize("split", ["train/absent", "absent"])
def test_categories_that_are_absent_can_be_asked_about(split: str, tmp_path: Path) -> None:
    fork = annotation(5, 3, 11, [])  # without it there are no forks to be absent
    data = open_data(
        f"coco:{written(tmp_path, annotations=[*content()['annotations'], fork])}:{split}"
    )
    asked = [[(each.text, bool(each.mask.any())) for each in sample.questions] for sample in data]
    assert asked[0] == [("coffee cup", True), ("Spoon", True), ("fork", False)]
    assert asked[1][0] == ("Spoon", True)
    assert asked[1][1] in (("coffee cup", False), ("fork", False))
    assert [len(each) for each in asked] == [3, 2, 1]
    assert asked[2][0] in (("coffee cup", False), ("Spoon", False))
    again = open_data(f"coco:{tmp_path}:{split}")
    assert [[each.text for each in sample.questions] for sample in again] == [
        [text for text, _ in each] for each in asked
    ]


def test_a_crowd_does_not_count(tmp_path: Path) -> None:
    crowd = annotation(1, 1, 7, COUNTS, iscrowd=1)
    data = open_data(f"coco:{written(tmp_path, annotations=[crowd, annotation(2, 1, 7, BOX)])}")
    (question,) = data[0].questions
    assert np.array_equal(question.mask, CUP)
    assert np.array_equal(question.ignore, RIGHT)


def test_an_annotation_without_a_shape_costs_its_question_only(tmp_path: Path) -> None:
    """Roboflow writes [] where somebody drew a box."""
    annotations = [
        annotation(1, 1, 7, []),
        annotation(2, 1, 9, [*BOX, [1, 1, 2, 2]]),
        annotation(3, 2, 7, [[1, 1, 9, 9, 5, 5]]),
    ]
    data = open_data(f"coco:{written(tmp_path, annotations=annotations)}")
    assert [each.text for each in data[0].questions] == ["Spoon"]
    assert np.array_equal(data[0].questions[0].mask, CUP)
    assert data[0].left_out == (
        "'coffee_cup', annotation 1: the mask is an empty list, it must have at least one polygon",
    )
    with pytest.raises(BrokenSampleError, match="none of its questions can be asked: 'coffee_cup'"):
        data[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": [{"id": 1, "file_name": "a.jpg", "height": 96, "width": 128}]},
         r"annotated at \[96, 128\], it is \[48, 64\]"),
        ({"images": [{"id": 1, "file_name": "a.jpg", "height": 64, "width": 48}]},
         "turned as its EXIF data says"),
        ({"images": [{"id": 1, "file_name": "z.jpg"}]}, "the image z.jpg is missing in"),
        ({"images": [{"id": 1}]}, "file_name"),
        ({"images": [{"id": 1, "file_name": "a.jpg"}] * 2}, "two images have the id 1"),
        ({"annotations": [annotation(1, 1, 5, BOX)]}, "none of the categories has the id 5"),
        ({"annotations": [annotation(1, 1, 7, [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]])]},
         r"within \[0, 1\], they must be in pixels"),
        ({"annotations": [annotation(1, 1, 7, [[90, 3, 99, 3, 99, 20]])]}, "outside the image"),
        ({"annotations": [{"image_id": 1, "id": 1, "category_id": 7}]}, "KeyError"),
    ],
)  # fmt: skip
def test_slips_are_named(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenSampleError, match=reason):
        open_data(f"coco:{written(tmp_path, **changes)}")[0]


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    written(tmp_path)
    write_json(tmp_path / "annotations/instances_val.json", content("a.jpg"))
    with pytest.raises(FileNotFoundError, match="split is '', it must be one of train, val"):
        open_data(f"coco:{tmp_path}")
    with pytest.raises(FileNotFoundError, match="split is 'test', it must be one of train, val"):
        open_data(f"coco:{tmp_path}:test")
    with pytest.raises(ValueError, match="the split ends on 'none', it must end on"):
        open_data(f"coco:{tmp_path}:train/none")
    for changes, reason in (
        ({"annotations": []}, "no image with an annotation"),
        ({"categories": [{"id": 7, "name": " "}]}, "the name of category 7 is ' ', no text"),
        ({"categories": [{"id": 7, "name": "a"}] * 2}, "two categories of the id 7"),
        ({"images": [{"id": 1}, {"id": "1"}]}, "not in COCO's format"),
    ):
        with pytest.raises(ValueError, match=reason):
            open_data(f"coco:{written(tmp_path / 'other', **changes)}")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        open_data(f"coco:{tmp_path / 'deep.json'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="there is no file of COCO's"):
        open_data(f"coco:{tmp_path / 'empty'}")


def test_files_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    write_json(tmp_path / "result.json", content("x/a.jpg", "y/a.jpg"))
    seen = [
        write_picture(tmp_path / f"images/{name}/a.jpg", seed) for seed, name in enumerate("xy")
    ]
    data = open_data(f"coco:{tmp_path}")
    assert [sample.name for sample in data] == ["1", "2"]
    assert all(
        np.array_equal(sample.image, image) for sample, image in zip(data, seen, strict=True)
    )
