"""gIoU, cIoU and ncIoU of predicted masks (paper section 5)."""

from __future__ import annotations

import numpy as np

__all__ = ["MaskIoUMetric"]


class MaskIoUMetric:
    """Gathers samples by `update`, gives the scores by `compute`.

    - giou: mean of the samples' IoU; the IoU of two empty masks is 1.
    - ciou: sum of intersections over sum of unions; large objects weigh more.
    - nciou: the same after each prediction and target was resized to one size, so that large images
      do not weigh more.

    Args:
        size: pixels a side that masks are resized to for nciou.
    """

    def __init__(self, size: int = 1024) -> None:
        if size < 1:
            raise ValueError(f"size is {size}, it must be at least 1 pixel")
        self.size = size
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.ious: list[float] = []
        self._sums = np.zeros(2, dtype=np.int64)  # intersection, union
        self._resized_sums = np.zeros(2, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ious)

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
        for name, mask in (("prediction", prediction), ("target", target), ("ignore", ignore)):
            if mask is None:
                continue
            if mask.dtype != np.bool_:
                raise ValueError(f"{name} has dtype {mask.dtype}, it must be bool")
            if mask.shape != prediction.shape:
                raise ValueError(f"{name} has shape {mask.shape}, prediction {prediction.shape}")
        if ignore is not None:
            prediction, target = prediction & ~ignore, target & ~ignore
        counts = _counts(prediction, target)
        self._sums += counts
        self._resized_sums += _counts(self._resize(prediction), self._resize(target))
        self.ious.append(_ratio(counts))
        return self.ious[-1]

    def compute(self) -> dict[str, float]:
        """giou, ciou and nciou of all samples, each in [0, 1].

        Raises:
            ValueError: if there is no sample.
        """
        if not self.ious:
            raise ValueError("no sample was added, there must be at least one")
        return {
            "giou": float(np.mean(self.ious)),
            "ciou": _ratio(self._sums),
            "nciou": _ratio(self._resized_sums),
        }

    def _resize(self, mask: np.ndarray) -> np.ndarray:
        """(size, size) bool: the pixel under the centre of each new one."""
        rows, columns = (
            ((np.arange(self.size) + 0.5) * length / self.size).astype(np.int64)
            for length in mask.shape
        )
        return mask[rows[:, None], columns]


def _counts(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pixels of intersection and union."""
    both = np.count_nonzero(prediction & target)
    either = np.count_nonzero(prediction | target)
    return np.array((both, either), dtype=np.int64)


def _ratio(counts: np.ndarray) -> float:
    """Intersection over union; 1 if there is no union."""
    intersection, union = int(counts[0]), int(counts[1])
    return intersection / union if union else 1.0
