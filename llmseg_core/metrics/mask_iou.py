# SPDX-License-Identifier: Apache-2.0
"""gIoU, cIoU and ncIoU of predicted masks (paper section 5.1.1)."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MaskCounts", "MaskIoUMetric", "iou_of_counts", "mask_iou", "resize_nearest"]

NCIOU_SIZE = 1024
"""Pixels a side that masks are resized to for ncIoU; the paper names no size."""


@dataclass(frozen=True)
class MaskCounts:
    """What one prediction and its target have in common, in pixels.

    Attributes:
        intersection: in both.
        union: in either.
        resized_intersection: in both, after both were resized to one size for all samples.
        resized_union: in either, after that.
    """

    intersection: int
    union: int
    resized_intersection: int
    resized_union: int

    @property
    def iou(self) -> float:
        """[0, 1]; of two empty masks 1."""
        return float(iou_of_counts(self.intersection, self.union))

    @classmethod
    def of(
        cls,
        prediction: np.ndarray,
        target: np.ndarray,
        ignore: np.ndarray | None = None,
        size: int = NCIOU_SIZE,
    ) -> MaskCounts:
        """Count.

        Args:
            prediction: (H, W) bool.
            target: (H, W) bool.
            ignore: (H, W) bool, pixels that count neither for intersection nor for union.
            size: pixels a side after resizing.

        Raises:
            ValueError: if a mask is not boolean or the sizes differ.
        """
        for name, mask in (("prediction", prediction), ("target", target), ("ignore", ignore)):
            if mask is None:
                continue
            if mask.dtype != np.bool_:
                raise ValueError(f"{name} has dtype {mask.dtype}, it must be bool")
            if mask.shape != prediction.shape:
                raise ValueError(f"{name} has shape {mask.shape}, prediction {prediction.shape}")
        if ignore is not None:
            prediction, target = prediction & ~ignore, target & ~ignore
        square = size, size
        small = resize_nearest(prediction, square), resize_nearest(target, square)
        return cls(*_both_and_either(prediction, target), *_both_and_either(*small))


class MaskIoUMetric:
    """Gathers samples by `update`, gives the scores by `compute`.

    - giou: mean of the samples' IoU; the IoU of two empty masks is 1.
    - ciou: sum of intersections over sum of unions; large objects weigh more.
    - nciou: the same after each prediction and target was resized to one size, so that large images
      do not weigh more.

    Args:
        size: pixels a side that masks are resized to for nciou.
    """

    def __init__(self, size: int = NCIOU_SIZE) -> None:
        if size < 1:
            raise ValueError(f"size is {size}, it must be at least 1 pixel")
        self.size = size
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.counts: list[MaskCounts] = []

    def __len__(self) -> int:
        return len(self.counts)

    def update(
        self, prediction: np.ndarray, target: np.ndarray, ignore: np.ndarray | None = None
    ) -> float:
        """Add one sample.

        Args:
            prediction: (H, W) bool.
            target: (H, W) bool.
            ignore: (H, W) bool, pixels that count neither for intersection nor for union.

        Returns:
            The sample's IoU, [0, 1].

        Raises:
            ValueError: if a mask is not boolean or the sizes differ.
        """
        return self.add(MaskCounts.of(prediction, target, ignore, self.size))

    def add(self, counts: MaskCounts) -> float:
        """Add one sample whose pixels were counted before, at the same `size`; returns its IoU."""
        self.counts.append(counts)
        return counts.iou

    def compute(self) -> dict[str, float]:
        """giou, ciou and nciou of all samples, each in [0, 1].

        Raises:
            ValueError: if there is no sample.
        """
        if not self.counts:
            raise ValueError("no sample was added, there must be at least one")
        sums = np.array([astuple(counts) for counts in self.counts], dtype=np.int64).sum(0)
        return {
            "giou": float(np.mean([counts.iou for counts in self.counts])),
            "ciou": float(iou_of_counts(sums[0], sums[1])),
            "nciou": float(iou_of_counts(sums[2], sums[3])),
        }


def mask_iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks, (H, W) bool, in [0, 1]; of two empty masks 1."""
    return float(iou_of_counts(*_both_and_either(one, other)))


def iou_of_counts(intersection: ArrayLike, union: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union, [0, 1], of counts of any shape; 1 where the union is empty."""
    both, either = np.asarray(intersection), np.asarray(union)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def resize_nearest(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) of any dtype to `size` (h, w): the pixel under the centre of each new one."""
    if pixels.shape == size:
        return pixels
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.int64)
        for old, new in zip(pixels.shape, size, strict=True)
    )
    return pixels[rows[:, None], columns]


def _both_and_either(prediction: np.ndarray, target: np.ndarray) -> tuple[int, int]:
    return int(np.count_nonzero(prediction & target)), int(np.count_nonzero(prediction | target))
