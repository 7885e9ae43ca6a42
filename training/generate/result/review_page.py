# SPDX-License-Identifier: Apache-2.0
"""A page on which people accept or reject samples of the data set: one HTML file, no server.

What is decided stays in the browser, and is saved as a file that `llmseg generate accept` counts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from llmseg_core.images.image_files import read_image
from llmseg_core.images.picture_page import data_uri
from llmseg_core.runtime.whole_file import write_whole

from ...data.coco_masks import decode_mask
from ...data.plain_json import parse_json, read_json
from ..asking.region_picture import shrunk
from ..sources.source_image import Origin
from .writer import IMAGE_FOLDERS, PROVENANCE

__all__ = ["PAGE", "write_review_page"]

PAGE = "review.html"
SIDE = 560
"""pixels of a picture's longer side"""
COLOUR = (46, 196, 122)


@dataclass(frozen=True)
class _Shown:
    """One question of the page; plain values for JSON."""

    id: str
    question: str
    answer: str
    kind: str
    about: str
    picture: str

    def plain(self) -> dict[str, str]:
        return dict(vars(self))


def write_review_page(out: Path, count: int, seed: int) -> tuple[Path, int]:
    """Write `review.html` with questions that are drawn at random among all that were kept.

    Args:
        out: folder of a run, with the data set.
        count: of questions; all if there are fewer.
        seed: of the draw.

    Returns:
        The page, and how many questions it shows.

    Raises:
        FileNotFoundError: if there is no data set.
    """
    data = out / "data"
    file = data / PROVENANCE
    if not file.is_file():
        raise FileNotFoundError(f"{out} has no data set: run `llmseg generate run` first")
    lines = file.read_bytes().splitlines()
    drawn = np.random.default_rng(seed).permutation(len(lines))[:count]
    entries: dict[str, dict[str, Any]] = {}
    shown = [_shown(data, parse_json(lines[int(place)]), entries) for place in drawn]
    key = hashlib.blake2b("".join(each.id for each in shown).encode(), digest_size=8).hexdigest()
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    html = environment.get_template("review_page.html").render(
        items=[each.plain() for each in shown], key=f"llmseg-review-{key}"
    )
    write_whole(out / PAGE, html)
    return out / PAGE, len(shown)


def _shown(data: Path, record: dict[str, Any], entries: dict[str, dict[str, Any]]) -> _Shown:
    split, name = record["split"], record["file"]
    if split not in entries:
        entries[split] = read_json(data / "LLMSeg-40K" / f"{split}.json")
    entry = entries[split][name]
    image = read_image(data / IMAGE_FOLDERS[Origin(entry["from_dataset"])] / name)
    (code,) = [
        pair["rle_seg"] for pair in entry["qa_pairs"] if pair["question"] == record["question"]
    ]
    mask = decode_mask(code, (image.shape[0], image.shape[1]))
    votes = record["votes"]
    voted = f", {votes.count(True)} of {len(votes)} votes" if votes else ""
    return _Shown(
        id=record["id"],
        question=record["question"],
        answer="nothing fits" if record["kind"] == "nothing" else record["answer"],
        kind=record["kind"],
        about=f"{split}, {record['source']}, {name}, {record['difficulty']}{voted}",
        picture=data_uri(_drawn(image, mask)),
    )


def _drawn(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The image as it is, and beside it the target bright in a dark image; (H, W, 3) uint8."""
    small = shrunk(image, SIDE)
    height, width = small.shape[:2]
    inside = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    marked = np.where(inside[..., None] > 0, small, small // 3)
    outlines, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    marked = np.ascontiguousarray(marked)
    cv2.drawContours(marked, outlines, -1, COLOUR, 2)
    return np.concatenate([small, marked], axis=1 if height >= width * 0.6 else 0)
