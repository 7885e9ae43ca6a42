# SPDX-License-Identifier: Apache-2.0
"""Answers of methods that show targets to a promptable segmenter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from llmseg_core.config import Calibration, SelectionConfig
from llmseg_core.masks import mask_areas, masks_to_boxes
from llmseg_core.prompted.masks import DrawnMasks, PromptedImage
from llmseg_core.selector.selection import judged
from llmseg_core.types import Candidates, Segmentation

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
    calibration: Calibration | None = None,
) -> Segmentation:
    """The answer made of everything that was drawn.

    Candidates are the masks that are not empty, largest first; all of them are taken, unless the
    confidence, which comes from the best score, is below `min_confidence`.

    Args:
        method: its name.
        instruction: what was asked.
        phrase: what was looked for.
        drawn: one mask a target.
        scores: how sure each is, [0, 1].
        selection: its `min_confidence` counts.
        reason: why there is no target, for people.
        calibration: of the model, see `judged`.
    """
    masks = drawn.masks.cpu()
    areas = mask_areas(masks)
    order = areas.argsort(descending=True, stable=True)
    order = order[areas[order] > 0]
    masks = masks[order]
    score = torch.tensor(list(scores), dtype=torch.float32)[order]
    candidates = candidates_of(masks, score)
    if not len(masks):
        reason = "what was found has no pixel in the image" if len(drawn.masks) else reason
    best = float(score.max()) if len(score) else 0.0
    taken = tuple(score.argsort(descending=True, stable=True).tolist())
    chosen = judged(taken, best, reason, selection, calibration)
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
