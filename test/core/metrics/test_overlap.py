# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core.metrics.overlap import intersections, iou_of_areas, pairwise_iou

MASKS = torch.tensor([[[1, 1, 0, 0]], [[0, 1, 1, 1]], [[0, 0, 0, 0]]], dtype=torch.bool)
TARGETS = torch.tensor([[[1, 1, 1, 0]], [[0, 0, 0, 0]]], dtype=torch.bool)


def test_literal_masks() -> None:
    assert intersections(MASKS, TARGETS).tolist() == [[2, 0], [2, 0], [0, 0]]
    torch.testing.assert_close(
        pairwise_iou(MASKS, TARGETS), torch.tensor([[2 / 3, 0], [2 / 4, 0], [0, 0]])
    )
    torch.testing.assert_close(
        pairwise_iou(MASKS, TARGETS, empty=1.0), torch.tensor([[2 / 3, 0], [2 / 4, 0], [0, 1]])
    )


def test_counted_before() -> None:
    shared, first, second = torch.tensor([2.0, 0.0]), torch.tensor([3.0, 0.0]), torch.tensor(0)
    assert iou_of_areas(shared, first, shared).tolist() == pytest.approx([2 / 3, 0])
    assert iou_of_areas(torch.zeros(2), first, second, empty=1.0).tolist() == [0, 1]


def test_nothing_to_compare() -> None:
    assert pairwise_iou(MASKS[:0], TARGETS).shape == (0, 2)
    assert pairwise_iou(MASKS, TARGETS[:0], empty=1.0).shape == (3, 0)


def test_counts_are_exact_for_large_images() -> None:
    masks = torch.ones(1, 2160, 3840, dtype=torch.bool)
    masks[0, 0, 0] = False
    assert intersections(masks, masks).item() == 2160 * 3840 - 1


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(1, 4\) pixels, the targets \(1, 3\)"):
        pairwise_iou(MASKS, TARGETS[..., :3])
