# SPDX-License-Identifier: Apache-2.0
"""Miniatures of public data sets, each in the layout as downloaded, images of 64 x 48 pixels."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from PIL import Image

from helpers.data_files import SIZE, box_mask, write_json, write_picture
from llmseg_training.data import encode_mask

LEFT, MIDDLE, TOP = box_mask(0, 0, 48, 20), box_mask(0, 20, 48, 40), box_mask(0, 40, 10, 64)
VOC = "VOCdevkit/VOC2010"
Objects = list[tuple[str, list[tuple[str, np.ndarray]]]]


def write_lisa_tree(root: Path) -> None:
    """All data sets of the paper, an image or two each, in LISA's arrangement."""
    for split in ("train", "val"):
        write_reason_seg(root / "reason_seg/ReasonSeg" / split)
    for dataset in ("refclef", "refcoco", "refcoco+", "refcocog"):
        author = "umd" if dataset == "refcocog" else "unc"
        refs = [refer_entry(1, 9, "train", "left one"), refer_entry(2, 12, "train", "right one")]
        write_refer(root / "refer_seg", dataset, author, refs)
    write_ade20k(root / "ade20k")
    write_picture(root / "coco/train2017/000000000009.jpg")
    write_labels(root / "cocostuff/train2017/000000000009.png", 0, 181, 3, 255)
    write_mapillary(root / "mapillary", "v2.0")
    write_paco(root, "vlpart/paco/annotations", "coco")
    write_pascal_part(root / "vlpart/pascal_part")
    for split in ("train", "validation", "test"):
        write_llm_seg40k(root, split, question_pair("What keeps rain off?"))


def shape(label: str, top: float, left: float, bottom: float, right: float) -> dict[str, Any]:
    """A shape of ReasonSeg whose outline, which is drawn too, lies within the box."""
    return {
        "label": label,
        "points": [[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]],
    }


def write_reason_seg(folder: Path, name: str = "3903065_o", **changes: Any) -> dict[str, Any]:
    """A sample of ReasonSeg; returns its annotation."""
    content = {
        "text": ["What can cut paper?", "Which tool has blades?"],
        "is_sentence": True,
        "shapes": [
            shape("ignore", 12, 12, 16, 16),
            shape("target", 10.9, 10, 30, 30),
            shape("flag", 0, 0, 48, 64),
            shape("target", 40, 40, 44, 44),
        ],
        **changes,
    }
    write_picture(folder / f"{name}.jpg")
    write_json(folder / f"{name}.json", content)
    return content


def refer_entry(ref_id: int, image_id: int, split: str, *texts: str) -> dict[str, Any]:
    """An entry of a refs(...).p."""
    return {
        "ref_id": ref_id,
        "ann_id": 100 + image_id,
        "category_id": 7,
        "image_id": image_id,
        "split": split,
        "file_name": f"COCO_train2014_{image_id:012d}_{ref_id}.jpg",
        "sent_ids": list(range(len(texts))),
        "sentences": [
            {"sent_id": number, "sent": text, "raw": text, "tokens": text.split()}
            for number, text in enumerate(texts)
        ],
    }


def write_refer(
    root: Path, dataset: str, author: str, refs: list[dict[str, Any]], segmentation: Any = None
) -> None:
    """A data set of REFER, every object a box or `segmentation`."""
    place = "saiapr_tc-12" if dataset == "refclef" else "mscoco/images/train2014"
    polygon = [[5, 3, 30, 3, 30, 20, 5, 20]]
    images = []
    for image_id in sorted({entry["image_id"] for entry in refs}):
        file = f"COCO_train2014_{image_id:012d}.jpg"
        images.append({"id": image_id, "file_name": file, "height": 48, "width": 64})
        write_picture(root / "images" / place / file, image_id)
    annotations = [
        {"id": 100 + image["id"], "image_id": image["id"], "category_id": 7,
         "segmentation": polygon if segmentation is None else segmentation,
         "bbox": [5, 3, 25, 17], "area": 425, "iscrowd": 0}
        for image in images
    ]  # fmt: skip
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 7, "name": "cup"}],
    }
    write_json(root / dataset / "instances.json", content)
    (root / dataset / f"refs({author}).p").write_bytes(pickle.dumps(refs, protocol=0))


def write_labels(path: Path, left: int, middle: int, top: int, rest: int) -> None:
    """A label map of four regions."""
    labels = np.full(SIZE, rest, np.uint8)
    labels[LEFT], labels[MIDDLE], labels[TOP] = left, middle, top
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels).save(path)


def write_ade20k(root: Path) -> None:
    """An image with wall, person and flag."""
    write_picture(root / "images/training/ADE_train_00000001.jpg")
    write_labels(root / "annotations/training/ADE_train_00000001.png", 1, 13, 150, 0)


def write_mapillary(root: Path, version: str) -> None:
    """An image with bird, unlabelled pixels and traffic sign; the label map has a palette."""
    labels = [
        {"name": "animal--bird", "readable": "Bird", "evaluate": True},
        {"name": "void--unlabeled", "readable": "Unlabeled", "evaluate": False},
        {"name": "sign", "readable": "Traffic Sign (Front)", "evaluate": True},
    ]
    write_json(root / f"config_{version}.json", {"labels": labels, "version": version})
    write_picture(root / "training/images/_1Gn.jpg")
    path = root / f"training/{version}/labels/_1Gn.png"
    write_labels(path, 0, 1, 2, 2)
    with Image.open(path) as image:
        palette = image.convert("L")
    palette.putpalette([0, 0, 0, 200, 100, 50, 7, 7, 7])
    palette.save(path)


def coco_annotation(number: int, image: int, category: int, mask: np.ndarray) -> dict[str, Any]:
    """An entry of "annotations"."""
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": encode_mask(mask),
    }


def write_paco(root: Path, annotations: str, images: str) -> None:
    """PACO-LVIS with two images, and one that has no annotation."""
    content = {
        "images": [
            {"id": 9, "file_name": "train2017/000000000009.jpg", "height": 48, "width": 64,
             "not_exhaustive_category_ids": [3]},
            {"id": 4, "file_name": "val2017/000000000004.jpg", "height": 48, "width": 64},
            {"id": 5, "file_name": "val2017/000000000005.jpg", "height": 48, "width": 64},
        ],
        "annotations": [
            coco_annotation(1, 9, 1, LEFT), coco_annotation(2, 9, 1, MIDDLE),
            coco_annotation(3, 9, 2, TOP), coco_annotation(4, 9, 3, TOP),
            coco_annotation(5, 4, 3, TOP),
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


def write_pascal_part(root: Path) -> None:
    """PASCAL-Part with a cow and a bus in one image, parts of nothing in another."""
    folder = root / "Annotations_Part"
    cow = ("cow", [("lfuleg", LEFT), ("rbleg", MIDDLE), ("lfho", TOP)])
    bus = ("bus", [("fliplate", TOP), ("frontside", LEFT)])
    objects = [cow, ("cow", [("rfuleg", TOP)]), ("tvmonitor", []), bus]
    write_mat(folder / "2008_000002.mat", objects)
    write_mat(folder / "2008_000003.mat", [("chair", [])])
    write_picture(root / f"{VOC}/JPEGImages/2008_000002.jpg")
    write_picture(root / f"{VOC}/JPEGImages/2008_000003.jpg")
    listed = root / VOC / "ImageSets/Main/train.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("2008_000001\n2008_000002\n2008_000003\n")


def write_mat(path: Path, objects: Objects) -> None:
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


def question_pair(question: str, mask: np.ndarray = LEFT) -> dict[str, Any]:
    """A question of LLM-Seg40K with its answer."""
    return {"question": question, "answer": "The umbrella.", "rle_seg": encode_mask(mask)}


def write_llm_seg40k(root: Path, split: str, *pairs: dict[str, Any]) -> None:
    """LLM-Seg40K with an image of COCO, which has all `pairs`, and one of EgoObjects, the first."""
    content = {
        "000000000009.jpg": {"from_dataset": "coco", "qa_pairs": list(pairs)},
        "0A1B.jpg": {"from_dataset": "ego_objects", "qa_pairs": [pairs[0]]},
    }
    write_json(root / "LLMSeg-40K" / f"{split}.json", content)
    write_picture(root / "coco/train2017/000000000009.jpg")
    write_picture(root / "ego_objects/images/0A1B.jpg", 1)
