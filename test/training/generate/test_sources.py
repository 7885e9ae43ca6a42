# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.data_files import SIZE, write_json, write_picture
from helpers.folder_data import write_folder_data
from llmseg_training.generate.sources.open_source import open_source
from llmseg_training.generate.sources.source_image import Origin
from llmseg_training.scenes import SceneFolder

SQUARE = [10, 5, 30, 5, 30, 25, 10, 25]


def lvis(root: Path) -> None:
    """Two images: one with a category that is annotated in part, one with two pieces of a mug."""
    size = {"height": SIZE[0], "width": SIZE[1]}
    images = [
        {"id": 1, "coco_url": "http://images.cocodataset.org/train2017/000000000001.jpg", **size,
         "not_exhaustive_category_ids": [2], "neg_category_ids": [3]},
        {"id": 2, "coco_url": "http://images.cocodataset.org/val2017/000000000002.jpg", **size,
         "not_exhaustive_category_ids": [], "neg_category_ids": []},
    ]  # fmt: skip
    box = {"segmentation": [SQUARE], "bbox": [10, 5, 20, 20]}
    marks = [
        {"id": 1, "image_id": 1, "category_id": 1, **box},
        {"id": 2, "image_id": 1, "category_id": 2, **box},
        {"id": 3, "image_id": 2, "category_id": 1, "segmentation": [[1, 1, 2, 2]], "bbox": [1] * 4},
        {"id": 4, "image_id": 2, "category_id": 3, **box},
    ]
    categories = [
        {"id": 1, "name": "mug", "synset": "mug.n.04", "synonyms": ["mug", "coffee_mug"]},
        {"id": 2, "name": "stop_sign", "synset": "stop_sign.n.01", "synonyms": ["stop_sign"]},
        {"id": 3, "name": "crab_(animal)", "synset": "crab.n.01", "synonyms": ["crab_(animal)"]},
    ]
    content = {"images": images, "annotations": marks, "categories": categories}
    write_json(root / "annotations/lvis_v1_train.json", content)
    write_picture(root / "train2017/000000000001.jpg")
    write_picture(root / "coco/val2017/000000000002.jpg")


def test_lvis(tmp_path: Path) -> None:
    lvis(tmp_path)
    source = open_source(f"lvis:{tmp_path}:train")
    assert (source.name, source.origin, len(source)) == ("lvis/train", Origin.COCO, 2)
    assert source.other_names == {"mug": ("coffee mug",)}
    assert source.usable_categories(0) == {"mug"}  # a part of the signs is annotated alone
    first, second = source[0], source[1]
    assert (first.name, first.absent) == ("000000000001", ("crab",))
    assert [(each.category, each.exhaustive) for each in first.regions] == [
        ("mug", True),
        ("stop sign", False),
    ]
    mask = first.regions[0].mask
    assert mask is not None
    assert (mask.sum(), mask[5:25, 10:30].all()) == (400, True)
    assert first.regions[0].box_px == (10, 5, 30, 25)
    assert second.file == tmp_path / "coco/val2017/000000000002.jpg"
    assert second.categories == ("crab",)  # the mug has no area
    assert first.image().shape == (*SIZE, 3)


def test_ego_objects(tmp_path: Path) -> None:
    """Boxes alone; the categories stand in the metadata, videos beside the images."""
    image = {"id": 7, "url": "images/F_01.jpg", "height": 48, "width": 64, "video_id": "V9"}
    mark = {"id": 1, "image_id": 7, "category_id": 4, "bbox": [3, 4, 10, 20.5]}
    write_json(
        tmp_path / "EgoObjectsV1_unified_train.json", {"images": [image], "annotations": [mark]}
    )
    write_json(
        tmp_path / "EgoObjectsV1_unified_metadata.json",
        {"cat_det_cats": [{"id": 4, "name": "Coffee_cup"}]},
    )
    write_picture(tmp_path / "images/F_01.jpg")
    source = open_source(f"ego_objects:{tmp_path}:train")
    found = source[0]
    assert (found.video, source.video(0), found.origin) == ("V9", "V9", Origin.EGO_OBJECTS)
    (region,) = found.regions
    assert (region.category, region.mask, region.box_px) == ("Coffee cup", None, (3, 4, 13, 24.5))


def test_coco_leaves_out_crowds(tmp_path: Path) -> None:
    size = {"height": SIZE[0], "width": SIZE[1]}
    marks = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [SQUARE], "iscrowd": 1},
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png", **size}],
        "annotations": marks,
        "categories": [{"id": 1, "name": "dog"}],
    }
    write_json(tmp_path / "labels.json", content)
    write_picture(tmp_path / "data/a.png")
    (region,) = open_source(f"coco:{tmp_path}")[0].regions
    assert (region.category, region.exhaustive, region.box_px) == ("dog", False, (10, 5, 30, 25))


def visor(root: Path) -> None:
    hole = [[[4, 4], [40, 4], [40, 40], [4, 40]], [[12, 12], [20, 12], [20, 20], [12, 20]]]
    annotations = [
        {"name": "cutting board", "class_id": 1, "segments": hole, "exhaustive": "y"},
        {"name": "Spoon", "class_id": 2, "segments": [[[50, 5], [60, 5], [60, 15]]],
         "exhaustive": "n"},
        {"name": "left hand", "class_id": 300, "segments": [[[50, 25], [60, 25], [60, 45]]]},
    ]  # fmt: skip
    frame = {"name": "P01_01_frame_0000000140.jpg", "video": "P01_01", "subsequence": "1",
             "image_path": "P01_01/seq/P01_01_frame_0000000140.jpg"}  # fmt: skip
    content = {"video_annotations": [{"image": frame, "annotations": annotations}]}
    write_json(root / "GroundTruth-SparseAnnotations/annotations/train/P01_01.json", content)
    write_picture(root / "rgb_frames/train/P01/P01_01/P01_01_frame_0000000140.jpg")


def test_visor(tmp_path: Path) -> None:
    visor(tmp_path)
    source = open_source(f"visor:{tmp_path}:train")
    assert (len(source), source.video(0)) == (1, "P01_01")
    assert source.usable_categories(0) == {"cutting board"}
    board, spoon = source[0].regions
    assert board.mask is not None
    assert (bool(board.mask[16, 16]), bool(board.mask[30, 30])) == (False, True)
    assert (spoon.category, spoon.exhaustive) == ("spoon", False)


def test_our_folder(tmp_path: Path) -> None:
    """A mask that two questions mean is one region; a question of its kind asks for a name."""
    folder = write_folder_data(tmp_path / "own", 3)
    source = open_source(f"folder:{folder}")
    assert len(source) == 3
    assert source.usable_categories(2)  # picture 2 has questions of the kind "category"
    assert not source.usable_categories(0)
    lines = (folder / "samples.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    record["questions"].append({**record["questions"][0], "category": "red_thing"})
    (folder / "samples.jsonl").write_text("\n".join([json.dumps(record), *lines[1:]]))
    regions = open_source(f"folder:{folder}")[0].regions
    assert [each.category for each in regions] == ["red thing", ""]


def test_scenes(scenes: SceneFolder) -> None:
    source = open_source(f"scenes:{scenes.path.parent}:train")
    image, objects = source[0], scenes.objects(0)
    assert [each.category for each in image.regions] == [item.category for item in objects]
    assert image.regions[0].box_px == objects[0].box
    assert not set(image.absent) & set(image.categories)
    assert "cup" in source.other_names["mug"]


def test_bare_images_of_a_recording(tmp_path: Path) -> None:
    for name in ("1700000000000000000", "1700000001000000000"):
        write_picture(tmp_path / "frames/images" / f"{name}.jpg")
    source = open_source(f"images:{tmp_path / 'frames'}")
    assert (len(source), source.video(0), source[0].regions) == (2, "frames", ())
    write_picture(tmp_path / "photos/cat.jpg")
    assert open_source(f"images:{tmp_path / 'photos'}").video(0) == ""


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("lvis:x:test", ValueError, "the split is 'test', it must be one of train, val"),
        ("flickr:x", ValueError, "'flickr:x', it must be KIND:PATH"),
        ("lvis:missing:train", FileNotFoundError, "missing has none of lvis_v1_train.json"),
        ("images:missing", FileNotFoundError, "missing is no folder"),
    ],
)
def test_bad_specs(spec: str, error: type[Exception], message: str, tmp_path: Path,
                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        open_source(spec)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [1, 2, 3]}, r"bbox is \[1, 2, 3\]"),
        ({"bbox": "all"}, "bbox is 'all'"),
        ({"category_id": 99}, "none of the categories has the id 99"),
    ],
)
def test_bad_annotations(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    image = {"id": 7, "url": "images/F_01.jpg", "height": 48, "width": 64}
    mark = {"id": 1, "image_id": 7, "category_id": 4, "bbox": [3, 4, 10, 20], **change}
    content = {"images": [image], "annotations": [mark], "categories": [{"id": 4, "name": "cup"}]}
    write_json(tmp_path / "EgoObjectsV1_unified_train.json", content)
    write_picture(tmp_path / "images/F_01.jpg")
    with pytest.raises(ValueError, match=message):
        open_source(f"ego_objects:{tmp_path}:train")[0]


def test_an_image_of_another_size(tmp_path: Path) -> None:
    lvis(tmp_path)
    write_picture(tmp_path / "train2017/000000000001.jpg")
    image = open_source(f"lvis:{tmp_path}:train")[0]
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(image.file)
    with pytest.raises(ValueError, match=r"is \(20, 30\), its annotation says \(48, 64\)"):
        image.image()
