# SPDX-License-Identifier: Apache-2.0
"""How far the proposals of a faster, nearly exact mode are from the exact ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from torch import Tensor

from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.types import Proposals

__all__ = ["Agreement", "agreement"]

ORACLE_COUNT = 50
"""Largest masks that the oracle looks at: as many as the released code uses."""


@dataclass(frozen=True)
class Agreement:
    """Two sets of proposals for one image, compared.

    Attributes:
        exact_count: masks of the exact mode.
        near_count: masks of the near mode.
        mean_matched_iou: mean IoU of the pairs, [0, 1]. Pairs are one to one, those of highest IoU
            first, so there are as many as the smaller set has masks. 1 if both sets are empty,
            0 if only one is.
        min_matched_iou: lowest IoU of a pair, [0, 1].
        oracle_iou: for each of the exact mode's `ORACLE_COUNT` largest masks the best IoU in the
            near mode, and the mean of that, [0, 1]: what a perfect selector would notice. 1 if
            there is no exact mask.
        min_oracle_iou: the lowest of them, [0, 1].
    """

    exact_count: int
    near_count: int
    mean_matched_iou: float
    min_matched_iou: float
    oracle_iou: float
    min_oracle_iou: float

    @property
    def count_change(self) -> int:
        """Masks that the near mode has more than the exact one; below 0 if it has fewer."""
        return self.near_count - self.exact_count

    def record(self) -> dict[str, int | float]:
        """Plain values for JSON."""
        return {**asdict(self), "count_change": self.count_change}


def agreement(exact: Proposals, near: Proposals) -> Agreement:
    """Compare the full lists of proposals of two modes for the same image.

    Args:
        exact: K proposals of the exact mode.
        near: any number of proposals of the other.

    Raises:
        ValueError: if the masks are of different sizes.
    """
    overlaps = pairwise_iou(exact.masks, near.masks, empty=1.0).cpu()
    counts = len(exact), len(near)
    largest = exact.areas_px.argsort(descending=True, stable=True)[:ORACLE_COUNT].to(
        overlaps.device
    )
    best = overlaps.amax(1)[largest] if len(near) else overlaps.new_zeros(len(largest))
    pairs = _matched(overlaps)
    if not len(pairs):
        pairs = overlaps.new_tensor([float(counts == (0, 0))])
    if not len(best):
        best = overlaps.new_ones(1)
    return Agreement(
        *counts, float(pairs.mean()), float(pairs.min()), float(best.mean()), float(best.min())
    )


def _matched(overlaps: Tensor) -> Tensor:
    """IoU of one-to-one pairs, highest first: (K, L) to (min(K, L),)."""
    rest = overlaps.clone()
    pairs = []
    for _ in range(min(rest.shape)):
        best = int(rest.argmax())
        row, column = divmod(best, rest.shape[1])
        pairs.append(float(rest[row, column]))
        rest[row] = rest[:, column] = -1
    return overlaps.new_tensor(pairs)
