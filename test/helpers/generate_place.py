# SPDX-License-Identifier: Apache-2.0
"""What tests of data generation share: small images with regions, drafts, a server that answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.data_files import SIZE, box_mask, picture, write_json, write_picture
from llmseg_core.images.image_files import write_image
from llmseg_training.generate.asking.draft import Draft, DraftKind, Provenance
from llmseg_training.generate.sources.source_image import Origin, Region, SourceImage, box_of

__all__ = [
    "FROM",
    "draft",
    "image_of",
    "listed_regions",
    "questions_reply",
    "said",
    "write_generate_sources",
    "write_pictures",
]

FROM = Provenance("digest", 0, "model", "own")


def image_of(
    folder: Path, *things: tuple[str, tuple[int, int, int, int]], name: str = "a", video: str = ""
) -> SourceImage:
    """A picture of noise with rectangles: category, and (top, left, bottom, right)."""
    file = folder / f"{name}.png"
    write_image(file, picture(len(name)))
    masks = [(category, box_mask(*box)) for category, box in things]
    regions = tuple(Region(category, box_of(mask), mask) for category, mask in masks)
    return SourceImage(name, Origin.OTHER, "test", file, SIZE, regions, video)


def draft(
    text: str, *regions: int, kind: str = "function", answer: str = "", image: str = "a"
) -> Draft:
    return Draft(image, text, DraftKind(kind), answer, regions, FROM)


def write_pictures(folder: Path, names: Iterator[str] | list[str]) -> None:
    """Pictures that look different: a few large random patches each."""
    for number, name in enumerate(names):
        rng = np.random.default_rng(number)
        patches = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        write_image(folder / name, patches.repeat(8, 0).repeat(8, 1))


def said(body: Mapping[str, Any]) -> str:
    """The text of a request, as a server sees it."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return next(part["text"] for part in content if part["type"] == "text")


def listed_regions(text: str) -> dict[int, str]:
    """The numbered regions in a prompt of ours, with their names."""
    return {
        int(number): name.strip()
        for number, name in re.findall(r"^(\d+): ([^(\n]+)", text, re.MULTILINE)
    }


def questions_reply(*items: tuple[str, str, list[int], str]) -> str:
    """A reply by the schema: question, kind, regions, answer."""
    keys = ("question", "kind", "regions", "answer")
    plain = [dict(zip(keys, item, strict=True)) for item in items]
    return json.dumps({"questions": plain})


def write_generate_sources(root: Path) -> None:
    """Miniatures of LVIS, EgoObjects and a recording, in the folders that the recipes name."""
    size = {"height": SIZE[0], "width": SIZE[1]}
    square = [10, 5, 30, 5, 30, 25, 10, 25]
    coco = {"id": 77, "coco_url": "http://images.cocodataset.org/train2017/000000000077.jpg"}
    ego = {"id": 7, "url": "images/F_01.jpg", "video_id": "V9"}
    for place, image in (
        ("datasets/lvis_v1_train.json", coco),
        ("datasets/ego_objects/EgoObjectsV1_unified_train.json", ego),
    ):
        mark = {"id": 1, "image_id": image["id"], "category_id": 1, "bbox": [10, 5, 20, 20]}
        content = {
            "images": [{**image, **size}],
            "annotations": [{**mark, "segmentation": [square]}],
            "categories": [{"id": 1, "name": "mug"}],
        }
        write_json(root / place, content)
    for file in (
        "datasets/coco/train2017/000000000077.jpg",
        "datasets/ego_objects/images/F_01.jpg",
        "frames/images/1700000000000000000.jpg",
    ):
        write_picture(root / file)
