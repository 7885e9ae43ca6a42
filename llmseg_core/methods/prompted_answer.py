# SPDX-License-Identifier: Apache-2.0
"""Answers of methods that show targets to a promptable segmenter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from llmseg_core.config import SelectionConfig
from llmseg_core.masks import mask_areas, masks_to_boxes
from llmseg_core.prompted.masks import DrawnMasks, PromptedImage
from llmseg_core.types import Candidates, Segmentation, Selection

__all__ = ["PromptedFrame", "candidates_of", "prompted_answer"]


@dataclass(frozen=True)
class PromptedFrame:
    """What such a method knows of one image that does not depend on the instruction.

    Attributes:
        image: as the segmenter has encoded it.
        parts: as the method's other networks have, by their part's name.
        timings_ms: wall time of each stage in milliseconds.
        total_ms: wall time of all stages together.
    """

    image: PromptedImage
    parts: Mapping[str, Any]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    total_ms: float = 0.0

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image in pixels."""
        return self.image.image_size


def prompted_answer(
    method: str,
    instruction: str,
    phrase: str,
    drawn: DrawnMasks,
    scores: Sequence[float],
    selection: SelectionConfig,
    reason: str,
) -> Segmentation:
    """The answer made of everything that was drawn.

    Candidates are the masks that are not empty, largest first; all of them are taken, unless the
    best score is below `min_confidence`.

    Args:
        method: its name.
        instruction: what was asked.
        phrase: what was looked for.
        drawn: one mask a target.
        scores: how sure each is, [0, 1].
        selection: its `min_confidence` counts.
        reason: why there is no target, for people.
    """
    masks = drawn.masks.cpu()
    areas = mask_areas(masks)
    order = areas.argsort(descending=True, stable=True)
    order = order[areas[order] > 0]
    masks = masks[order]
    score = torch.tensor(list(scores), dtype=torch.float32)[order]
    candidates = candidates_of(masks, score)
    chosen = _selection(score, len(drawn.masks), selection.min_confidence, reason)
    mask = masks.any(0).numpy() if chosen.found else np.zeros(masks.shape[1:], dtype=bool)
    return Segmentation(instruction, mask, chosen, candidates, method=method, phrase=phrase)


def candidates_of(masks: torch.Tensor, score: torch.Tensor) -> Candidates:
    """Candidates of a method that knows a mask by one score alone.

    Args:
        masks: (K, H, W) bool on the CPU, largest first, none empty.
        score: (K,) float32 in [0, 1].
    """
    unknown = torch.full((len(masks),), torch.nan)
    boxes, areas = masks_to_boxes(masks), mask_areas(masks)
    return Candidates(masks, boxes, areas, unknown, unknown, score)


def _selection(score: torch.Tensor, shown: int, least: float, reason: str) -> Selection:
    if not len(score):
        empty = "what was found has no pixel in the image"
        return Selection((), 0.0, empty if shown else reason)
    confidence = float(score.max())
    if confidence < least:
        return Selection((), confidence, f"confidence {confidence:.2f} is below {least:g}")
    return Selection(tuple(score.argsort(descending=True, stable=True).tolist()), confidence)
