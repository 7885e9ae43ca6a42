# SPDX-License-Identifier: Apache-2.0
"""LLM-Seg40K (Wang and Ke, 2024): questions by ChatGPT about COCO and EgoObjects images.

    DIR/LLMSeg-40K/train.json, validation.json, test.json      or directly in DIR
    DIR/coco/train2017/000000000009.jpg
    DIR/ego_objects/images/...jpg
    DIR/other/images/...jpg                                    of data by `llmseg generate`

A JSON file maps the name of an image to
{"from_dataset": "coco", "ego_objects" or "other", "qa_pairs": [{"question", "answer", "rle_seg"}]}.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .coco_masks import DegenerateMaskError, decode_mask
from .image_data import Asked, ImageData, first_existing
from .mask_sizes import decode_resized
from .names import file_in
from .plain_json import read_json
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataQuestion, LeftOut, QuestionKind

__all__ = ["LLM_SEG40K_SPLITS", "LLMSeg40KData"]

LLM_SEG40K_SPLITS = ("train", "validation", "test")
_IMAGES = {
    "coco": "coco/train2017",
    "ego_objects": "ego_objects/images",
    "other": "other/images",
}
"""where images lie by "from_dataset"; "other" is what `llmseg generate` adds to the authors' two"""


class LLMSeg40KData(ImageData):
    """Reads one split: one sample an image, one question a pair of question and answer.

    The written answers are not used; the mask is what is learned.

    Args:
        root: the folder with annotations and images as above.
        split: "train", "validation" or "test".
        reading: whether each question is a sample of its own, named by its image and its number
            there ("000000000009/0"), and whether masks are resized to their images.

    Raises:
        FileNotFoundError: if the split's file is missing.
        ValueError: if it does not map names of images to entries.
    """

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self.root = root
        self._resized = reading.resized_masks
        path = first_existing(root, f"LLMSeg-40K/{split}.json", f"{split}.json")
        content = read_json(path)
        if not isinstance(content, dict) or not content:
            raise ValueError(f"{path} must map names of images to their questions")
        self._entries: list[tuple[str, dict[str, Any]]] = list(content.items())
        names = [Path(image).stem for image in content]
        if reading.single_questions:
            self._entries, names = _one_each(self._entries)
        super().__init__(f"llm_seg40k/{split}", names)

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        image, entry = self._entries[index]
        source = entry["from_dataset"]
        if source not in _IMAGES:
            raise ValueError(f"from_dataset is {source!r}, it must be one of {', '.join(_IMAGES)}")
        return file_in(self.root / _IMAGES[source], image)

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """All questions about the image; the image's origin is their category."""
        _, entry = self._entries[index]
        return [self._question(pair, entry["from_dataset"], size) for pair in entry["qa_pairs"]]

    def _question(
        self, pair: dict[str, Any], category: str, size: tuple[int, int]
    ) -> DataQuestion | LeftOut:
        try:
            mask = self._mask(pair["rle_seg"], size)
        except DegenerateMaskError as error:
            return LeftOut(f"{pair['question']!r}: {error}")
        return DataQuestion(pair["question"], QuestionKind.INSTRUCTION, mask, category=category)

    def _mask(self, code: Any, size: tuple[int, int]) -> np.ndarray:
        return decode_resized(code, size, size) if self._resized else decode_mask(code, size)


def _one_each(
    entries: Sequence[tuple[str, dict[str, Any]]],
) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    """An entry for every question, and its name; an entry without questions stays, to be named."""
    found, names = [], []
    for image, entry in entries:
        pairs = entry.get("qa_pairs") if isinstance(entry, dict) else None
        if not isinstance(pairs, list) or not pairs:
            found.append((image, entry))
            names.append(Path(image).stem)
            continue
        found += [(image, {**entry, "qa_pairs": [pair]}) for pair in pairs]
        names += [f"{Path(image).stem}/{number}" for number in range(len(pairs))]
    return found, names
