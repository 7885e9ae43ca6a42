# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from llmseg_core import MaskIoUMetric
from llmseg_core.metrics.mask_iou import MaskCounts, iou_of_counts, mask_iou


def mask(*rows: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_literal_masks() -> None:
    metric = MaskIoUMetric(size=4)
    assert metric.update(mask("##", ".."), mask("#.", "..")) == 0.5
    large = np.ones((4, 4), dtype=bool)
    assert metric.update(large, large) == 1.0
    scores = metric.compute()
    assert scores["giou"] == pytest.approx(0.75)
    assert scores["ciou"] == pytest.approx((1 + 16) / (2 + 16))
    # At 4 x 4 the first sample counts 4 and 8 pixels.
    assert scores["nciou"] == pytest.approx((4 + 16) / (8 + 16))
    assert len(metric) == 2


def test_two_empty_masks_agree() -> None:
    empty, full = np.zeros((2, 3), dtype=bool), np.ones((2, 3), dtype=bool)
    metric = MaskIoUMetric(size=8)
    assert metric.update(empty, empty) == 1.0
    assert metric.compute() == {"giou": 1.0, "ciou": 1.0, "nciou": 1.0}
    assert metric.update(full, empty) == 0.0
    assert metric.update(empty, full) == 0.0
    assert metric.compute()["giou"] == pytest.approx(1 / 3)
    assert metric.compute()["ciou"] == 0.0


def test_ignored_pixels_leave_intersection_and_union() -> None:
    metric = MaskIoUMetric(size=3)
    iou = metric.update(mask("##."), mask(".##"), ignore=mask("#.."))
    assert iou == pytest.approx(1 / 2)
    assert metric.compute()["ciou"] == metric.compute()["nciou"] == pytest.approx(1 / 2)
    assert metric.update(mask("#.."), mask("#.."), ignore=mask("#..")) == 1.0


def test_size_of_the_image_does_not_weigh_in_nciou() -> None:
    metric = MaskIoUMetric(size=16)
    metric.update(mask("#."), mask("#."))
    metric.update(np.ones((8, 8), dtype=bool), np.zeros((8, 8), dtype=bool))
    assert metric.compute()["ciou"] == pytest.approx(1 / 65)
    assert metric.compute()["nciou"] == pytest.approx(0.5 / 1.5)


def test_iou_of_two_masks() -> None:
    assert mask_iou(mask("##.."), mask(".##.")) == pytest.approx(1 / 3)
    assert mask_iou(mask("...."), mask("....")) == 1
    assert mask_iou(mask("##.."), mask("....")) == 0


def test_iou_of_counts_of_any_shape() -> None:
    assert iou_of_counts(3, 4) == 0.75
    both, either = [[0, 1], [2**40, 0]], [[0, 2], [2**41, 5]]
    assert iou_of_counts(both, either).tolist() == [[1, 0.5], [0.5, 0]]


def test_reset() -> None:
    metric = MaskIoUMetric()
    metric.update(mask("#."), mask(".#"))
    metric.reset()
    assert len(metric) == 0
    with pytest.raises(ValueError, match="no sample"):
        metric.compute()
    metric.update(mask("#."), mask("#."))
    assert metric.compute() == {"giou": 1.0, "ciou": 1.0, "nciou": 1.0}


def test_wrong_masks_are_refused() -> None:
    metric = MaskIoUMetric()
    with pytest.raises(ValueError, match="target has dtype uint8"):
        metric.update(mask("#."), mask("#.").astype(np.uint8))
    with pytest.raises(ValueError, match=r"ignore has shape \(1, 3\), prediction \(1, 2\)"):
        metric.update(mask("#."), mask("#."), mask("..."))
    with pytest.raises(ValueError, match="size is 0"):
        MaskIoUMetric(0)
    assert len(metric) == 0


def test_counted_before_or_now() -> None:
    prediction, target, ignore = mask("##.#", "...."), mask(".###", ".#.."), mask("...#", "....")
    now, before = MaskIoUMetric(size=8), MaskIoUMetric(size=8)
    counts = MaskCounts.of(prediction, target, ignore, size=8)
    assert counts == MaskCounts(1, 4, 8, 32)
    assert before.add(counts) == now.update(prediction, target, ignore) == counts.iou == 1 / 4
    assert before.compute() == now.compute()
