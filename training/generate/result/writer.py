# SPDX-License-Identifier: Apache-2.0
"""Writes the data set: LLM-Seg40K's JSON, our folder format, where each question is from.

DATA/LLMSeg-40K/train.json, validation.json, test.json    as the authors' files
DATA/coco/train2017, ego_objects/images, other/images     the images
DATA/folder/train, validation, test                       our own format, the same images
DATA/provenance.jsonl                                     one line a question
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from llmseg_core.images.run_lengths import encode_mask

from ...data.names import check_name, fitting_path
from ..sources.source_image import Origin, SourceImage
from .finished import Finished
from .splits import SPLITS

__all__ = ["IMAGE_FOLDERS", "PROVENANCE", "target_mask", "write_data"]

PROVENANCE = "provenance.jsonl"
IMAGE_FOLDERS = {
    Origin.COCO: "coco/train2017",
    Origin.EGO_OBJECTS: "ego_objects/images",
    Origin.OTHER: "other/images",
}
NOTHING = "nothing"
"""the answer of a question that nothing fits"""


def write_data(
    folder: Path, images: Sequence[tuple[SourceImage, Sequence[Finished]]] | Any, total: int
) -> None:
    """Write all of it into a new folder.

    Args:
        folder: new.
        images: each image with its questions, all of one split; read once.
        total: how many, for the progress bar.

    Raises:
        OSError: if an image is not there any more, or the disk is full.
    """
    entries: dict[str, dict[str, Any]] = {split: {} for split in SPLITS}
    samples: dict[str, list[str]] = {split: [] for split in SPLITS}
    provenance: list[str] = []
    for image, questions in tqdm(images, desc="writing", total=total, unit="image"):
        split = questions[0].split
        suffix = image.file.suffix.lower()
        name = f"{fitting_path(check_name(image.name), len(suffix.encode()))}{suffix}"
        place = folder / IMAGE_FOLDERS[image.origin] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image.file, place)
        linked = folder / "folder" / split / "images" / name
        linked.parent.mkdir(parents=True, exist_ok=True)
        _link(place, linked)
        codes = [encode_mask(target_mask(image, each)) for each in questions]
        pairs = [
            {
                "question": each.draft.text,
                "answer": NOTHING if each.draft.nothing_fits else each.draft.answer,
                "rle_seg": code,
            }
            for each, code in zip(questions, codes, strict=True)
        ]
        entries[split][name] = {"from_dataset": image.origin.value, "qa_pairs": pairs}
        asked = [
            {"text": each.draft.text, "category": each.draft.kind.value, "mask": code}
            for each, code in zip(questions, codes, strict=True)
        ]
        sample = {"name": image.name, "image": f"images/{name}", "questions": asked}
        samples[split].append(json.dumps(sample, ensure_ascii=False))
        more = {"source": image.source, "video": image.video, "file": name}
        provenance += [
            json.dumps({**each.plain(), **more}, ensure_ascii=False) for each in questions
        ]
    for split in SPLITS:
        if entries[split]:
            file = folder / "LLMSeg-40K" / f"{split}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(entries[split], ensure_ascii=False), encoding="utf-8")
            index = folder / "folder" / split / "samples.jsonl"
            index.write_text("".join(f"{line}\n" for line in samples[split]), encoding="utf-8")
    lines = "".join(f"{line}\n" for line in provenance)
    (folder / PROVENANCE).write_text(lines, encoding="utf-8")


def target_mask(image: SourceImage, question: Finished) -> np.ndarray:
    """(H, W) bool, the union of what a question means; empty if nothing fits."""
    mask = np.zeros(image.size, dtype=bool)
    for each in question.draft.regions:
        found = image.regions[each].mask
        assert found is not None
        mask |= found
    return mask


def _link(place: Path, linked: Path) -> None:
    """The same file under a second name; a copy where the file system has no such."""
    try:
        os.link(place, linked)
    except OSError:
        shutil.copyfile(place, linked)
