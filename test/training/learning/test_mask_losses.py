# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from llmseg_training.learning.mask_losses import (
    dice_loss,
    iou_of_logits,
    mask_bce,
    point_prompt_loss,
    soft_masks,
)


def random_masks(seed: int, *shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and soft targets."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator), torch.rand(shape, generator=generator)


def test_dice_is_the_share_of_both_that_is_missed() -> None:
    logits, targets = random_masks(0, 2, 3, 4, 5)
    loss = dice_loss(logits, targets)
    assert loss.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            shared = both = 0.0
            for logit, target in zip(
                logits[i, j].flatten().tolist(), targets[i, j].flatten().tolist(), strict=True
            ):
                probability = 1 / (1 + math.exp(-logit))
                shared += probability * target
                both += probability + target
            assert loss[i, j].item() == pytest.approx(1 - (2 * shared + 1) / (both + 1), abs=1e-5)


def test_dice_of_right_masks_is_zero_also_where_there_is_nothing() -> None:
    target = torch.zeros(2, 8, 8)
    target[0, 2:5, 3:7] = 1
    assert torch.allclose(dice_loss((target - 0.5) * 60, target), torch.zeros(2), atol=1e-5)
    assert dice_loss(torch.full((8, 8), 30.0), torch.zeros(8, 8)) > 0.98


def test_plain_cross_entropy_without_balance() -> None:
    logits, targets = random_masks(1, 3, 6, 6)
    loss = mask_bce(logits, targets, balance=0)
    for row in range(3):
        wanted = F.binary_cross_entropy_with_logits(logits[row], targets[row])
        assert loss[row].item() == pytest.approx(wanted.item(), rel=1e-5)


def test_balance_lets_a_small_object_weigh_as_much_as_the_rest() -> None:
    target = torch.zeros(64, 64)
    target[10:30, 10:30] = 1  # 400 of 4096 pixels
    everything_empty = mask_bce(torch.full((64, 64), -4.0), target, balance=1)
    everything_full = mask_bce(torch.full((64, 64), 4.0), target, balance=1)
    assert everything_empty.item() == pytest.approx(everything_full.item(), rel=0.01)
    mixed = mask_bce(torch.full((64, 64), -4.0), target, balance=0.3)
    plain = mask_bce(torch.full((64, 64), -4.0), target, balance=0)
    assert mixed.item() == pytest.approx(0.3 * everything_empty.item() + 0.7 * plain.item())


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_losses_of_empty_and_full_targets_have_gradients(fill: float) -> None:
    logits = torch.zeros(2, 3, 4, 4, requires_grad=True)
    loss, _ = point_prompt_loss(logits, torch.zeros(2, 3), torch.full((2, 4, 4), fill), 0.3)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().sum() > 0


def test_iou_of_a_mask_with_its_target() -> None:
    target = torch.zeros(3, 4, 4)
    target[:2, :, :2] = 1
    logits = torch.full((3, 4, 4), -1.0)
    logits[0, :2] = 1  # two rows of four cross two columns of four: 4 of 12
    assert iou_of_logits(logits, target).tolist() == pytest.approx([4 / 12, 0, 0])
    assert iou_of_logits(target * 2 - 1, target).tolist() == [1, 1, 0]


def test_only_the_best_of_three_masks_learns() -> None:
    target = torch.zeros(1, 8, 8)
    target[0, :4] = 1
    logits = torch.zeros(1, 3, 8, 8)
    logits[0, 0] = -target[0]
    logits[0, 1] = target[0] - 0.5
    logits = logits.requires_grad_()
    iou = torch.zeros(1, 3)
    loss, best = point_prompt_loss(logits, iou, target, balance=0.3)
    loss.backward()
    assert logits.grad is not None
    assert [bool(logits.grad[0, mask].any()) for mask in range(3)] == [False, True, False]
    assert best.tolist() == [1.0]
    perfect_iou = iou_of_logits(logits, target[:, None].expand(-1, 3, -1, -1))
    assert perfect_iou.tolist() == [[0, 1, 0]]
    told, _ = point_prompt_loss(logits, perfect_iou, target, balance=0.3)
    assert (loss - told).item() == pytest.approx(1 / 3)  # one of three predicted IoUs is off by 1


def test_soft_masks_cover_what_the_instance_covers() -> None:
    instances = torch.full((8, 8), -1)
    instances[:6] = 0
    instances[1:4, 1:6] = 7
    masks = soft_masks(instances, torch.tensor([7, 0, 9]), cell=2)
    assert masks.shape == (3, 4, 4)
    assert (masks.sum((1, 2)) * 4).tolist() == [15, 33, 0]
    assert masks[0, 0].tolist() == [0.25, 0.5, 0.5, 0]
    assert masks[0, 1].tolist() == [0.5, 1, 1, 0]
    assert not masks[:, 3].any()  # padding belongs to nothing
