# SPDX-License-Identifier: Apache-2.0
"""LLM-Seg40K (Wang and Ke, 2024): questions by ChatGPT about COCO and EgoObjects images.

    DIR/LLMSeg-40K/train.json, validation.json, test.json      or directly in DIR
    DIR/coco/train2017/000000000009.jpg
    DIR/ego_objects/images/...jpg

A JSON file maps the name of an image to
{"from_dataset": "coco" or "ego_objects", "qa_pairs": [{"question", "answer", "rle_seg"}]}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .coco_masks import decode_mask
from .image_data import ImageData, first_existing
from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["LLM_SEG40K_SPLITS", "LLMSeg40KData"]

LLM_SEG40K_SPLITS = ("train", "validation", "test")
_IMAGES = {"coco": "coco/train2017", "ego_objects": "ego_objects/images"}


class LLMSeg40KData(ImageData):
    """Reads one split: one sample an image, one question a pair of question and answer.

    The written answers are not used; the mask is what is learned.

    Args:
        root: the folder with annotations and images as above.
        split: "train", "validation" or "test".

    Raises:
        FileNotFoundError: if the split's file is missing.
        ValueError: if it does not map names of images to entries.
    """

    def __init__(self, root: Path, split: str) -> None:
        self.root = root
        path = first_existing(root, f"LLMSeg-40K/{split}.json", f"{split}.json")
        try:
            content: Any = json.loads(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path} is no JSON: {error}") from error
        if not isinstance(content, dict) or not content:
            raise ValueError(f"{path} must map names of images to their questions")
        self._entries = list(content.items())
        super().__init__(f"llm_seg40k/{split}", [Path(image).stem for image in content])

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        image, entry = self._entries[index]
        source = entry["from_dataset"]
        if source not in _IMAGES:
            raise ValueError(f"from_dataset is {source!r}, it must be one of {', '.join(_IMAGES)}")
        return self.root / _IMAGES[source] / image

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """All questions about the image; the image's origin is their category."""
        _, entry = self._entries[index]
        return [
            DataQuestion(
                pair["question"],
                QuestionKind.INSTRUCTION,
                decode_mask(pair["rle_seg"], size),
                category=entry["from_dataset"],
            )
            for pair in entry["qa_pairs"]
        ]
