# SPDX-License-Identifier: Apache-2.0
"""refCOCO, refCOCO+, refCOCOg, refCLEF: referring expressions, as REFER distributes them.

    DIR/refcoco/instances.json, refs(unc).p           also refs(google).p
    DIR/refcoco+/instances.json, refs(unc).p
    DIR/refcocog/instances.json, refs(umd).p          also refs(google).p
    DIR/refclef/instances.json, refs(unc).p           also refs(berkeley).p
    DIR/images/mscoco/images/train2014/COCO_train2014_000000581857.jpg
    DIR/images/saiapr_tc-12/...                       of refCLEF

or all of it in DIR/refer_seg/, LISA's arrangement.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .coco_json import CocoJson
from .coco_masks import DegenerateMaskError
from .image_data import Asked, ImageData, first_existing
from .names import file_in
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, DataQuestion, LeftOut, QuestionKind

__all__ = ["REFER_SPLITS", "ReferData"]

_COMMON = ("train", "val", "testA", "testB")
REFER_SPLITS: dict[str, dict[str, tuple[str, ...]]] = {
    "refcoco": {"unc": _COMMON, "google": ("train", "val", "test")},
    "refcoco+": {"unc": _COMMON},
    "refcocog": {"umd": ("train", "val", "test"), "google": ("train", "val")},
    "refclef": {"unc": (*_COMMON, "testC"), "berkeley": ("train", "val", "test")},
}
"""For each data set, who divided it, and the parts; the first is what papers report."""


class ReferData(ImageData):
    """Reads one split: one sample an image, one question an expression.

    Expressions without a letter, of which refCLEF has some, are left out.

    Args:
        root: REFER's data folder, or that of all data sets in LISA's arrangement.
        dataset: a key of `REFER_SPLITS`.
        split: a part as the first author divided it, such as "val", or "google/val".
        reading: whether masks are resized to their images.

    Raises:
        FileNotFoundError: if a file of the data set is missing.
        ValueError: if the pickle holds more than plain values, or no expression of the split.
    """

    group = DataGroup.REFERRING

    def __init__(
        self, root: Path, dataset: str, split: str, reading: ReleasedReading = OUR_READING
    ) -> None:
        self._resized = reading.resized_masks
        author, _, part = split.rpartition("/")
        author = author or next(iter(REFER_SPLITS[dataset]))
        self.folder = first_existing(root, dataset, f"refer_seg/{dataset}").parent
        self._instances = CocoJson(first_existing(self.folder / dataset, "instances.json"))
        place = "saiapr_tc-12" if dataset == "refclef" else "mscoco/images/train2014"
        self._images = self.folder / "images" / place
        refs: dict[int, list[dict[str, Any]]] = {}
        for ref in _load(first_existing(self.folder / dataset, f"refs({author}).p"), part):
            refs.setdefault(ref["image_id"], []).append(ref)
        if not refs:
            raise ValueError(f"{self.folder / dataset}: refs({author}).p has no split {part!r}")
        self._refs = [refs[image_id] for image_id in sorted(refs)]
        super().__init__(f"{dataset}/{split}", [str(image_id) for image_id in sorted(refs)])

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        image_id = self._refs[index][0]["image_id"]
        return file_in(self._images, self._instances.image(image_id)["file_name"])

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """All expressions about the image; those about one object share its mask."""
        questions: list[DataQuestion | LeftOut] = []
        for ref in self._refs[index]:
            try:
                mask = self._mask(ref, size)
            except DegenerateMaskError as error:
                questions.append(LeftOut(f"annotation {ref['ann_id']}: {error}"))
                continue
            category = self._instances.categories[ref["category_id"]]
            questions += [
                DataQuestion(sentence["sent"], QuestionKind.PHRASE, mask, category=category)
                for sentence in ref["sentences"]
                if sentence["sent"].strip()
            ]
        return questions

    def _mask(self, ref: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
        try:
            annotation = self._instances.annotation(ref["ann_id"])
            return self._instances.mask(annotation, size, self._resized)
        except DegenerateMaskError:
            raise
        except ValueError as error:
            raise ValueError(f"annotation {ref['ann_id']}: {error}") from error


def _belongs(divided: str, part: str) -> bool:
    """Whether `part` has the expressions marked `divided`: testAB is in testA and in testB."""
    if part.startswith("test"):
        return divided.startswith("test") and part.removeprefix("test") in divided[4:]
    return divided == part


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, dictionaries, numbers and texts, and refuses what could run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(f"it holds {module}.{name}, it must hold plain values only")


def _load(path: Path, part: str) -> list[dict[str, Any]]:
    """The entries of one part in a refs(...).p, which Python 2 wrote."""
    with path.open("rb") as file:
        try:
            refs = _PlainUnpickler(file, encoding="latin1").load()
            return [ref for ref in refs if _belongs(ref["split"], part)]
        except Exception as error:  # as damaged as a pickle can be
            raise ValueError(f"{path} cannot be read: {error!r}") from error
