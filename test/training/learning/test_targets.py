# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from llmseg_core.metrics.overlap import intersections, pairwise_iou
from llmseg_training.learning.targets import ProposalOverlaps, proposal_targets


def overlaps_of(masks: Tensor, instances: Tensor, ids: list[int]) -> ProposalOverlaps:
    return ProposalOverlaps(
        ids=torch.tensor(ids, dtype=torch.int64),
        shared=intersections(masks, instances),
        areas=masks.flatten(1).sum(1).float(),
        instance_areas=instances.flatten(1).sum(1).float(),
    )


def pairwise_iop(masks: Tensor, targets: Tensor) -> Tensor:
    """Intersection over each mask's own area, (K, T)."""
    return intersections(masks, targets) / masks.flatten(1).sum(1)[:, None].clamp(min=1)


@pytest.fixture
def row() -> ProposalOverlaps:
    """A line of ten pixels: instance 3 is 0-3, instance 5 is 4-5; four proposals."""
    instances = torch.zeros(2, 1, 10, dtype=torch.bool)
    instances[0, 0, :4] = True
    instances[1, 0, 4:6] = True
    masks = torch.zeros(4, 1, 10, dtype=torch.bool)
    masks[0, 0, :4] = True  # instance 3
    masks[1, 0, 2:6] = True  # half of 3 and all of 5
    masks[2, 0, 5:9] = True  # half of 5 and three pixels of nothing
    return overlaps_of(masks, instances, [3, 5])  # the last proposal is empty


def test_iou_of_literal_masks(row: ProposalOverlaps) -> None:
    assert row.iou([3]).tolist() == pytest.approx([1, 2 / 6, 0, 0])
    assert row.iou([5]).tolist() == pytest.approx([0, 2 / 4, 1 / 5, 0])
    assert row.iou([3, 5]).tolist() == pytest.approx([4 / 6, 4 / 6, 1 / 9, 0])


def test_iop_of_literal_masks(row: ProposalOverlaps) -> None:
    assert row.iop([3]).tolist() == pytest.approx([1, 1 / 2, 0, 0])
    assert row.iop((5, 3)).tolist() == pytest.approx([1, 1, 1 / 4, 0])


def test_nothing_that_fits_gives_zeros(row: ProposalOverlaps) -> None:
    assert row.iou(()).tolist() == row.iop(()).tolist() == [0, 0, 0, 0]
    assert row.iou([9]).tolist() == [0, 0, 0, 0]


def test_iop_adds_up_over_instances(row: ProposalOverlaps) -> None:
    assert torch.allclose(row.iop([3]) + row.iop([5]), row.iop([3, 5]))


def shares(masks: Tensor, target: Tensor) -> Tensor:
    """(K,) which share of each mask (K, H, W) lies on the target (1, H, W)."""
    return (masks & target).sum((1, 2)) / masks.sum((1, 2))


def test_the_same_as_overlap_with_the_union_of_masks() -> None:
    generator = torch.Generator().manual_seed(0)
    owners = torch.randint(0, 5, (12, 16), generator=generator)
    instances = owners == torch.arange(1, 5)[:, None, None]
    masks = torch.rand((6, 12, 16), generator=generator) < 0.4
    overlaps = overlaps_of(masks, instances, [1, 2, 3, 4])
    for wanted in ([1], [2, 4], [1, 2, 3, 4]):
        union = torch.isin(owners, torch.tensor(wanted))[None]
        assert torch.allclose(overlaps.iou(wanted), pairwise_iou(masks, union)[:, 0])
        assert torch.allclose(overlaps.iop(wanted), shares(masks, union))


def test_no_proposals() -> None:
    overlaps = overlaps_of(
        torch.zeros(0, 4, 4, dtype=torch.bool), torch.ones(1, 4, 4, dtype=torch.bool), [1]
    )
    assert overlaps.iou([1]).shape == overlaps.iop([1]).shape == (0,)


def test_targets_of_one_mask_are_iou_and_iop() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(6, 9, 7, generator=generator) < 0.4
    target = torch.rand(1, 9, 7, generator=generator) < 0.3
    iou, iop = proposal_targets(masks, target[0].numpy())
    assert torch.allclose(iou, pairwise_iou(masks, target)[:, 0])
    assert torch.allclose(iop, shares(masks, target))


def test_ignored_pixels_leave_proposals_and_target() -> None:
    masks = torch.tensor([[1, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 0, 0]]).bool()
    target = np.array([[True, True, False, True, False, False]])
    ignore = np.array([[False, False, False, True, False, False]])
    iou, iop = proposal_targets(masks[:, None], target, ignore)
    assert iou.tolist() == pytest.approx([2 / 3, 0, 0])
    assert iop.tolist() == pytest.approx([2 / 3, 0, 0])


def test_no_proposals_have_no_targets() -> None:
    iou, iop = proposal_targets(torch.zeros(0, 2, 3, dtype=torch.bool), np.ones((2, 3), bool))
    assert iou.shape == iop.shape == (0,)
