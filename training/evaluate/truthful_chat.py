# SPDX-License-Identifier: Apache-2.0
"""A VLM that knows the truth and says it in the words of a family of models.

What comes after the VLM (reading its words, masks from boxes and points) is scored for real by it,
without any VLM's weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum

import cv2
import numpy as np

from llmseg_core.config import BoxFormat
from llmseg_core.grounding.chat import SeenImage
from llmseg_core.vlm.qwen_pixels import QwenPixels

__all__ = ["AnswerForm", "NumberedChat", "TruthfulChat", "truthful_numbers", "truthful_text"]


SHOWS = 0.5
"""IoU from which on a mark shows a thing"""


class AnswerForm(str, Enum):
    """How families of models write where something is."""

    QWEN2_5_VL = "qwen2.5-vl"
    """fenced JSON, pixels of the image as it was resized for the model"""
    QWEN3_VL = "qwen3-vl"
    """fenced JSON, thousandths of the image"""
    VISION_REASONER = "visionreasoner"
    """thoughts, then boxes and a point on each, pixels of the resized image"""
    FLORENCE2 = "florence-2"
    """location tokens after a name"""
    POINTS = "points"
    """fenced JSON with a point on each alone, thousandths of the image"""

    @property
    def box_format(self) -> BoxFormat:
        """What the numbers mean."""
        absolute = (AnswerForm.QWEN2_5_VL, AnswerForm.VISION_REASONER)
        if self is AnswerForm.FLORENCE2:
            return BoxFormat.LOC
        return BoxFormat.ABSOLUTE if self in absolute else BoxFormat.THOUSAND


class TruthfulChat:
    """Answers with what is true.

    Args:
        form: whose words it uses.

    Attributes:
        truth: the masks, each (H, W) bool, that a question means; none if nothing fits. To be set
            before it is asked.
    """

    trouble = ""

    def __init__(self, form: AnswerForm) -> None:
        self.form = form
        self.truth: Mapping[str, Sequence[np.ndarray]] = {}

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        size = int(image.shape[0]), int(image.shape[1])
        return SeenImage(None, size, QwenPixels().fitted(*size))

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`; the question must be one whose truth is known."""
        return truthful_text(self.truth[question], self.form, image.processed_size)

    def yes(self, image: SeenImage, question: str) -> float:
        """See `ChatVlm`."""
        return float(bool(self.truth[question]))


class NumberedChat:
    """Names numbers on an image as one does who sees everything as it is.

    Attributes:
        truth: the masks, each (H, W) bool, that a question means. To be set before it is asked.
        marks: (K, H, W) bool, what is numbered from 1. To be set likewise.
    """

    trouble = ""

    def __init__(self) -> None:
        self.truth: Mapping[str, Sequence[np.ndarray]] = {}
        self.marks = np.zeros((0, 0, 0), dtype=bool)

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        size = int(image.shape[0]), int(image.shape[1])
        return SeenImage(None, size, size)

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`; the question must be one whose truth is known."""
        return json.dumps(truthful_numbers(self.truth[question], self.marks))

    def yes(self, image: SeenImage, question: str) -> float:
        """See `ChatVlm`."""
        return float(bool(self.truth[question]))


def truthful_numbers(masks: Sequence[np.ndarray], marks: np.ndarray) -> list[int]:
    """The numbers, from 1, of the marks that show some things best.

    Args:
        masks: (H, W) bool each, not empty.
        marks: (K, H, W) bool; a thing that none of them shows with an IoU of 0.5 has no number.
    """
    numbers = []
    for mask in masks if len(marks) else ():
        shared = (marks & mask).sum((1, 2))
        overlap = shared / (marks | mask).sum((1, 2))
        if overlap.max() >= SHOWS:
            numbers.append(int(overlap.argmax()) + 1)
    return sorted(set(numbers))


def truthful_text(
    masks: Sequence[np.ndarray], form: AnswerForm, processed_size: tuple[int, int]
) -> str:
    """What a model of a family would write that sees everything as it is.

    Args:
        masks: (H, W) bool each, not empty.
        form: the family.
        processed_size: (height, width) of the image as the model saw it, in pixels.
    """
    shown = [_shown(mask, form, processed_size) for mask in masks]
    if form is AnswerForm.FLORENCE2:
        return "".join(
            "thing" + "".join(f"<loc_{min(999, value)}>" for value in each["bbox_2d"])
            for each in shown
        )
    if form is AnswerForm.VISION_REASONER:
        thought = f"There are {len(shown)} such things, none of them is {{hidden}}."
        return f"<think> {thought} </think>\n<answer>{json.dumps(shown)}</answer>"
    key = "point_2d" if form is AnswerForm.POINTS else "bbox_2d"
    said = [{key: each[key], "label": "thing"} for each in shown]
    return f"```json\n{json.dumps(said)}\n```"


def _shown(
    mask: np.ndarray, form: AnswerForm, processed_size: tuple[int, int]
) -> dict[str, list[int]]:
    """The box of a mask, and the point that lies deepest in it, in whole units of a family."""
    whole = processed_size if form.box_format is BoxFormat.ABSOLUTE else (1000, 1000)
    down, across = whole[0] / mask.shape[0], whole[1] / mask.shape[1]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    edges = (columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down)
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth[1:-1, 1:-1].argmax()), mask.shape)
    point = (float(column) + 0.5) * across, (float(row) + 0.5) * down
    floor = form is AnswerForm.FLORENCE2
    return {
        "bbox_2d": [int(value) if floor else round(value) for value in map(float, edges)],
        "point_2d": [round(value) for value in point],
    }
