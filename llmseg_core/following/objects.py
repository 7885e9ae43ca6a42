# SPDX-License-Identifier: Apache-2.0
"""Answers as objects to follow, and what was followed as an answer again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from llmseg_core.masks import mask_areas, masks_to_boxes
from llmseg_core.proposals.enlarge import enlarge_mask
from llmseg_core.types import Candidates, Segmentation, Selection

from .follower import Followed

__all__ = ["followed_answer", "object_masks"]

SAME_OBJECT = 0.5
"""share of the smaller of two masks that lies in the other from which they are one object"""


def object_masks(answer: Segmentation) -> NDArray[np.bool_]:
    """The objects of an answer, which may move apart.

    Candidates that lie within each other, as a cup and its handle, are one.

    Returns:
        (N, H, W) bool; N = 0 if nothing was found.
    """
    size = answer.mask.shape[0], answer.mask.shape[1]
    objects: list[NDArray[np.bool_]] = []
    for index in answer.selection.indices:
        mask = enlarge_mask(answer.candidates.masks[index].cpu().numpy(), size).copy()
        for other in [other for other in objects if _share(mask, other) > SAME_OBJECT]:
            mask |= other
            objects = [kept for kept in objects if kept is not other]
        objects.append(mask)
    if len(objects) == 1:
        return objects[0][None]
    return np.stack(objects) if objects else np.zeros((0, *size), dtype=bool)


def followed_answer(answer: Segmentation, followed: Followed, ms: float) -> Segmentation:
    """A full answer as it is in a later image: its candidates are the objects that are followed.

    Args:
        answer: the full answer.
        followed: where its objects are.
        ms: how long following took, milliseconds.
    """
    masks = torch.from_numpy(followed.masks)
    nothing = torch.full((len(masks),), torch.nan)
    candidates = Candidates(
        masks, masks_to_boxes(masks), mask_areas(masks), nothing, nothing, nothing.clone()
    )
    reason = f"it was lost: {followed.lost}" if followed.lost else ""
    return replace(
        answer,
        mask=followed.mask,
        selection=Selection(tuple(range(len(masks))), followed.confidence, reason),
        candidates=candidates,
        timings_ms={"follow": ms},
        total_ms=ms,
    )


def _share(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    smaller = min(int(first.sum()), int(second.sum()))
    return float((first & second).sum() / smaller) if smaller else 0.0
