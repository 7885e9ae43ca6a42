# SPDX-License-Identifier: Apache-2.0
"""One annotated image with the questions asked about it: what every reader gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from llmseg_core.images.image_ops import check_image
from llmseg_core.vlm.prompts import check_instruction

__all__ = [
    "DataGroup",
    "DataQuestion",
    "DataSample",
    "LeftOut",
    "QuestionKind",
    "SegmentationData",
]


class QuestionKind(str, Enum):
    """What the text of a question is; it decides the sentence that the VLM is asked."""

    INSTRUCTION = "instruction"
    """a whole sentence that needs reasoning: "what could I cut this paper with?" """
    PHRASE = "phrase"
    """a referring expression: "the mug left of the plate" """
    CATEGORY = "category"
    """the name of a class: "scissors" """


class DataGroup(str, Enum):
    """What a data set is for: LISA's groups of training data."""

    SEMANTIC = "semantic"
    """names of classes, of things or of parts"""
    REFERRING = "referring"
    """referring expressions"""
    REASONING = "reasoning"
    """instructions that need reasoning, and data of one's own"""


@dataclass(frozen=True)
class DataQuestion:
    """A text and the mask of what it means.

    Attributes:
        text: what is asked, as the data set has it.
        kind: instruction, phrase or category.
        mask: (H, W) bool; empty if nothing in the image fits.
        ignore: (H, W) bool, pixels that count neither as hit nor as miss, or None.
        category: for breakdowns of scores; "" if the data set names none.
        other_text: another wording that training takes half of the time; "" if there is none.
        phrasing: "seen" if worded as in training, "unseen" if worded with phrases that were held
            out, "" if the data set does not say.
        targets: how many things are meant; None if the data set does not say.
    """

    text: str
    kind: QuestionKind
    mask: np.ndarray
    ignore: np.ndarray | None = None
    category: str = ""
    other_text: str = ""
    phrasing: str = ""
    targets: int | None = None

    def __post_init__(self) -> None:
        for name in ("text", "other_text", "category"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(
                    f"the question's {name} is {getattr(self, name)!r}, it must be a text"
                )
        check_instruction(self.text)
        if self.other_text:
            check_instruction(self.other_text)
        for name, mask in (("mask", self.mask), ("ignore", self.ignore)):
            if mask is None:
                continue
            if mask.dtype != np.bool_ or mask.shape != self.mask.shape or mask.ndim != 2:
                raise ValueError(
                    f"{name} of {self.text!r} is {mask.dtype} {mask.shape}, it must be "
                    f"bool (H, W) = {self.mask.shape}"
                )


@dataclass(frozen=True)
class LeftOut:
    """A question that cannot be asked, for lack of a mask, beside others that can.

    Attributes:
        reason: which one, and why.
    """

    reason: str


@dataclass(frozen=True)
class DataSample:
    """One image and all its questions.

    Attributes:
        name: unique in its data set; may have "/" in it and names files of caches.
        image: (H, W, 3) uint8 RGB.
        questions: at least one.
        group: what its data set is for.
        objects: masks, (H, W) bool, of everything in the image that could be meant, asked about or
            not; None if the data set does not say.
        left_out: why questions of the data set are not among them.
    """

    name: str
    image: np.ndarray
    questions: tuple[DataQuestion, ...]
    group: DataGroup = DataGroup.REASONING
    objects: tuple[np.ndarray, ...] | None = None
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_image(self.image)
        if not self.questions:
            raise ValueError(f"{self.name} has no question, it must have at least one")
        for question in self.questions:
            if question.mask.shape != self.image.shape[:2]:
                raise ValueError(
                    f"{self.name}: the mask of {question.text!r} is {question.mask.shape}, "
                    f"the image is {self.image.shape[:2]}"
                )


class SegmentationData(Protocol):
    """A data set: samples by index, read from disk when asked for.

    Attributes:
        name: of the data set, for reports: "reason_seg/val".
    """

    name: str

    def __len__(self) -> int:
        """How many images."""

    def __getitem__(self, index: int) -> DataSample:
        """Read one sample.

        Raises:
            BrokenSampleError: naming the sample and what is wrong with it.
        """

    def sample_name(self, index: int) -> str:
        """The name of a sample, without reading it."""

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB, without reading the masks.

        Raises:
            BrokenSampleError: naming the sample and what is wrong with it.
        """

    def __iter__(self) -> Iterator[DataSample]:
        """All samples in order."""
