# SPDX-License-Identifier: Apache-2.0
"""The switches of the released reading, each beside what is read without it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.data_files import SIZE, write_json, write_picture
from helpers.lisa_tree import (
    LEFT,
    MIDDLE,
    TOP,
    VOC,
    coco_annotation,
    question_pair,
    refer_entry,
    write_ade20k,
    write_lisa_tree,
    write_llm_seg40k,
    write_mapillary,
    write_mat,
    write_paco,
    write_pascal_part,
    write_refer,
)
from llmseg_training.data import (
    BrokenSampleError,
    DataGroup,
    DataSample,
    ImageData,
    ReleasedReading,
    SampleDraws,
    encode_mask,
    open_data,
)

HALF = (SIZE[0] // 2, SIZE[1] // 2)


def masks(sample: DataSample) -> list[np.ndarray]:
    return [question.mask for question in sample.questions]


def same(found: list[np.ndarray], wanted: list[np.ndarray]) -> bool:
    return len(found) == len(wanted) and all(map(np.array_equal, found, wanted))


def wordings(sample: DataSample) -> list[tuple[str, str]]:
    return [(question.text, question.other_text) for question in sample.questions]


def change_json(path: Path, **changes: Any) -> None:
    write_json(path, {**json.loads(path.read_text()), **changes})


def test_paco_asks_about_one_instance(tmp_path: Path) -> None:
    write_paco(tmp_path, "annotations", "coco")
    names = ["mug", "trash_can:lid", "glass_(drink_container):rim_(edge)"]
    change_json(
        tmp_path / "annotations/paco_lvis_v1_train.json",
        categories=[{"id": number, "name": name} for number, name in enumerate(names, 1)],
    )
    ours = open_data(f"paco_lvis:{tmp_path}:train")[1]
    assert wordings(ours) == [("mug", ""), ("trash can lid", "")]
    assert same(masks(ours), [LEFT | MIDDLE, TOP])
    reading = ReleasedReading(single_instances=True)
    sample = open_data(f"paco_lvis:{tmp_path}:train", reading=reading)[1]
    assert wordings(sample) == [
        ("mug", ""),
        ("mug", ""),
        ("trash_can lid", "the lid of the trash_can"),
        ("glass rim", "the rim of the glass"),  # although not all rims of the image are marked
    ]
    assert same(masks(sample), [LEFT, MIDDLE, TOP, TOP])
    categories = [question.category for question in sample.questions]
    assert categories == ["mug", "mug", "trash can lid", "glass rim"]


def test_pascal_part_asks_about_one_part_of_one_object(tmp_path: Path) -> None:
    write_pascal_part(tmp_path)
    reading = ReleasedReading(single_instances=True)
    sample = open_data(f"pascal_part:{tmp_path}:train", reading=reading)[0]
    leg, plate = (
        ("cow leg", "the leg of the cow"),
        ("bus license plate", "the license plate of the bus"),
    )
    assert wordings(sample) == [leg, leg, leg, plate]
    assert same(masks(sample), [LEFT, MIDDLE, TOP, TOP])
    content = {
        "images": [{"id": 8, "file_name": "2008_000002.jpg", "height": 48, "width": 64}],
        "annotations": [coco_annotation(0, 8, 41, LEFT), coco_annotation(1, 8, 41, MIDDLE)],
        "categories": [{"id": 41, "name": "cow:leg"}],
    }
    write_json(tmp_path / "train.json", content)
    (sample,) = open_data(f"pascal_part:{tmp_path}:train", reading=reading)
    assert wordings(sample) == [leg, leg]
    assert same(masks(sample), [LEFT, MIDDLE])


def drawn_questions(data: ImageData, draws: int) -> Counter[str]:
    rng = np.random.default_rng(0)
    samples = [SampleDraws(data, questions=3).draw(rng) for _ in range(draws)]
    return Counter(question.text for sample in samples for question in sample.questions)


def test_llm_seg40k_draws_every_question_equally_often(tmp_path: Path) -> None:
    pairs = [question_pair(text) for text in ("one?", "two?", "three?")]
    write_llm_seg40k(tmp_path, "train", *pairs)
    content = json.loads((tmp_path / "LLMSeg-40K/train.json").read_text())
    content["0A1B.jpg"]["qa_pairs"] = [question_pair("alone?", TOP)]
    write_json(tmp_path / "LLMSeg-40K/train.json", content)

    ours = open_data(f"llm_seg40k:{tmp_path}:train")
    counts = drawn_questions(ours, 400)
    assert counts["alone?"] / 400 == pytest.approx(1 / 2, abs=0.06)  # every image equally often
    assert counts["one?"] == counts["two?"] == counts["three?"]  # all that an image has, at once
    reading = ReleasedReading(single_questions=True)
    data = open_data(f"llm_seg40k:{tmp_path}:train", reading=reading)
    names = [data.sample_name(index) for index in range(len(data))]
    assert names == ["000000000009/0", "000000000009/1", "000000000009/2", "0A1B/0"]
    assert [wordings(sample) for sample in data] == [
        [("one?", "")],
        [("two?", "")],
        [("three?", "")],
        [("alone?", "")],
    ]
    assert np.array_equal(data[3].questions[0].mask, TOP)
    assert data[3].questions[0].category == "ego_objects"
    counts = drawn_questions(data, 400)
    assert sum(counts.values()) == 400
    assert all(count / 400 == pytest.approx(1 / 4, abs=0.06) for count in counts.values())


def test_an_image_without_questions_is_still_named(tmp_path: Path) -> None:
    write_llm_seg40k(tmp_path, "train", question_pair("one?"))
    path = tmp_path / "LLMSeg-40K/train.json"
    change_json(path, **{"0A1B.jpg": {"from_dataset": "coco", "qa_pairs": []}, "b.jpg": 3})
    data = open_data(f"llm_seg40k:{tmp_path}:train", reading=ReleasedReading(single_questions=True))
    assert [data.sample_name(index) for index in range(3)] == ["000000000009/0", "0A1B", "b"]
    for index in (1, 2):
        with pytest.raises(BrokenSampleError, match=f"sample '{data.sample_name(index)}'"):
            data[index]


@pytest.mark.parametrize("version", ["v2.0", "v1.2"])
def test_mapillary_asks_about_all_labels(tmp_path: Path, version: str) -> None:
    write_mapillary(tmp_path, version)
    ours = open_data(f"mapillary:{tmp_path}:training")[0]
    assert [text for text, _ in wordings(ours)] == ["bird", "traffic sign (front)"]
    assert np.array_equal(ours.questions[0].ignore, MIDDLE)
    reading = ReleasedReading(all_labels=True)
    sample = open_data(f"mapillary:{tmp_path}:training", reading=reading)[0]
    assert [text for text, _ in wordings(sample)] == ["bird", "unlabeled", "traffic sign (front)"]
    assert same(masks(sample), [LEFT, MIDDLE, ~(LEFT | MIDDLE)])
    assert [question.ignore for question in sample.questions] == [None] * 3


def large(mask: np.ndarray) -> np.ndarray:
    """A mask of half the size at the image's: every pixel becomes four."""
    return mask.repeat(2, 0).repeat(2, 1)


SMALL = np.zeros(HALF, bool)
SMALL[3:9, 5:20] = True
SMALL_BOX = [[5, 3, 20, 3, 20, 9, 5, 9]]


def opened_twice(spec: str) -> tuple[ImageData, ImageData]:
    """A data set as we read it, and with masks resized."""
    return open_data(spec), open_data(spec, reading=ReleasedReading(resized_masks=True))


def test_a_label_map_of_another_size_is_resized(tmp_path: Path) -> None:
    write_ade20k(tmp_path)
    labels = np.where(SMALL, 13, 1).astype(np.uint8)
    Image.fromarray(labels).save(tmp_path / "annotations/training/ADE_train_00000001.png")
    ours, data = opened_twice(f"ade20k:{tmp_path}:training")
    with pytest.raises(BrokenSampleError, match=r"is \(24, 32\), the image is \(48, 64\)"):
        ours[0]
    assert same(masks(data[0]), [~large(SMALL), large(SMALL)])


@pytest.mark.parametrize("kind", ["coco_stuff", "mapillary"])
def test_every_reader_of_label_maps_resizes(tmp_path: Path, kind: str) -> None:
    write_lisa_tree(tmp_path)
    place, split = {
        "coco_stuff": ("cocostuff/train2017/000000000009.png", "train2017"),
        "mapillary": ("mapillary/training/v2.0/labels/_1Gn.png", "training"),
    }[kind]
    Image.fromarray(np.where(SMALL, 0, 2).astype(np.uint8)).save(tmp_path / place)
    ours, data = opened_twice(f"{kind}:{tmp_path}:{split}")
    with pytest.raises(BrokenSampleError, match=r"is \(24, 32\), the image is \(48, 64\)"):
        ours[0]
    assert same(masks(data[0]), [large(SMALL), ~large(SMALL)])


@pytest.mark.parametrize("code", [encode_mask(SMALL), [encode_mask(SMALL)], SMALL_BOX])
def test_coco_masks_of_another_size_are_resized(tmp_path: Path, code: Any) -> None:
    write_paco(tmp_path, "annotations", "coco")
    path = tmp_path / "annotations/paco_lvis_v1_train.json"
    content = json.loads(path.read_text())
    annotation = {"id": 1, "image_id": 4, "category_id": 1, "segmentation": code}
    image = {**content["images"][1], "height": HALF[0], "width": HALF[1]}
    change_json(path, images=[image], annotations=[annotation])
    ours, data = opened_twice(f"paco_lvis:{tmp_path}:train")
    reason = r"(mask is|annotated at) \[24, 32\], (the image|it) is \[48, 64\]"
    with pytest.raises(BrokenSampleError, match=reason):
        ours[0]
    assert same(masks(data[0]), [large(SMALL)])


def test_masks_of_the_images_size_stay_as_they_are(tmp_path: Path) -> None:
    write_lisa_tree(tmp_path)
    specs = ("paco_lvis:{}:train", "pascal_part:{}:train", "refcoco:{}:train",
             "llm_seg40k:{}:train", "ade20k:{}:training", "coco_stuff:{}:train2017",
             "mapillary:{}:training")  # fmt: skip
    for spec in specs:
        ours, data = opened_twice(spec.format(tmp_path))
        assert wordings(ours[0]) == wordings(data[0])
        assert same(masks(ours[0]), masks(data[0]))


def test_masks_of_referring_expressions_are_resized(tmp_path: Path) -> None:
    refs = [refer_entry(1, 9, "train", "left one")]
    write_refer(tmp_path, "refcoco", "unc", refs, encode_mask(SMALL))
    ours, data = opened_twice(f"refcoco:{tmp_path}:train")
    with pytest.raises(BrokenSampleError, match="annotation 109: the mask is"):
        ours[0]
    assert same(masks(data[0]), [large(SMALL)])


def test_masks_of_pascal_part_and_llm_seg40k_are_resized(tmp_path: Path) -> None:
    write_picture(tmp_path / f"{VOC}/JPEGImages/a.jpg")
    write_mat(tmp_path / "Annotations_Part/a.mat", [("cow", [("tail", SMALL)])])
    listed = tmp_path / VOC / "ImageSets/Main/train.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("a\n")
    write_llm_seg40k(tmp_path, "train", question_pair("one?", SMALL))
    for spec in ("pascal_part:{}:train", "llm_seg40k:{}:train"):
        ours, data = opened_twice(spec.format(tmp_path))
        with pytest.raises(BrokenSampleError, match=r"is \[24, 32\], the image is \[48, 64\]"):
            ours[0]
        assert same(masks(data[0]), [large(SMALL)])


def test_a_mixture_hands_the_switches_on(tmp_path: Path) -> None:
    write_lisa_tree(tmp_path)
    reading = ReleasedReading(single_instances=True, all_labels=True)
    mixture = open_data(f"mixture:{tmp_path}:paper", reading=reading)
    by_name = {mixture.sample_name(index): index for index in range(len(mixture))}
    assert len(mixture[by_name["paco_lvis/train/9"]].questions) == 4
    assert len(mixture[by_name["mapillary/training/_1Gn"]].questions) == 3


def test_a_sample_knows_the_group_of_its_data_set(tmp_path: Path) -> None:
    write_lisa_tree(tmp_path)
    mixture = open_data(f"mixture:{tmp_path}:paper")
    found = {
        mixture.sample_name(index).split("/")[0]: mixture[index].group
        for index in range(len(mixture))
        if "2008_000003" not in mixture.sample_name(index)  # which has nothing to ask about
    }
    semantic = ("ade20k", "coco_stuff", "pascal_part", "paco_lvis", "mapillary")
    referring = ("refclef", "refcoco", "refcoco+", "refcocog")
    assert found == {
        **dict.fromkeys(semantic, DataGroup.SEMANTIC),
        **dict.fromkeys(referring, DataGroup.REFERRING),
        "reason_seg": DataGroup.REASONING,
    }
    assert open_data(f"llm_seg40k:{tmp_path}:train")[0].group is DataGroup.REASONING


def test_a_switch_is_true_or_false() -> None:
    with pytest.raises(ValueError, match="all_labels is 'no', it must be true or false"):
        ReleasedReading(all_labels="no")  # type: ignore[arg-type]
