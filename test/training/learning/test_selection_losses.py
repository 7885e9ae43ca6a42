# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_training.learning.selection_losses import alignment_loss, iop_loss

TEMPERATURE = 0.05


def random_scores(seed: int, rows: int, proposals: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines, IoUs, and no padding."""
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand((rows, proposals), generator=generator) * 2 - 1
    iou = torch.rand((rows, proposals), generator=generator)
    return score, iou, torch.ones(rows, proposals, dtype=torch.bool)


def test_alignment_is_the_divergence_of_two_softmaxes() -> None:
    score, iou, valid = random_scores(0, 4, 7)
    wanted = F.kl_div(
        F.log_softmax(score / TEMPERATURE, 1), F.softmax(iou / TEMPERATURE, 1), reduction="none"
    )
    loss = alignment_loss(score, iou, valid, TEMPERATURE)
    assert loss.item() == pytest.approx(wanted.sum(1).mean().item(), rel=1e-4)


def test_padding_changes_nothing() -> None:
    score, iou, valid = random_scores(1, 2, 6)
    valid[:, 4:] = False
    iou[:, 4:] = 0
    score = score.requires_grad_()
    padded = alignment_loss(score, iou, valid, TEMPERATURE)
    short = alignment_loss(score[:, :4], iou[:, :4], valid[:, :4], TEMPERATURE)
    assert padded.item() == pytest.approx(short.item(), rel=1e-5)
    padded.backward()
    assert score.grad is not None
    assert not score.grad[:, 4:].any()
    assert score.grad[:, :4].abs().sum() > 0


def test_questions_that_no_proposal_answers_are_left_out() -> None:
    score, iou, valid = random_scores(2, 3, 5)
    iou[1] = 0
    rest = [0, 2]
    assert alignment_loss(score, iou, valid, TEMPERATURE).item() == pytest.approx(
        alignment_loss(score[rest], iou[rest], valid[rest], TEMPERATURE).item(), rel=1e-5
    )


def test_in_the_released_code_they_count_with_a_flat_target() -> None:
    score, iou, valid = random_scores(2, 3, 5)
    iou[1] = 0
    valid[2, 3:] = False
    iou[2, 3:] = 0
    flat = torch.full((5,), 1 / 5)
    divergence = (flat * (flat.log() - (score[1] / TEMPERATURE).log_softmax(0))).sum()
    others = [alignment_loss(score[[row]], iou[[row]], valid[[row]], TEMPERATURE) for row in (0, 2)]
    wanted = (divergence + sum(others)) / 3
    loss = alignment_loss(score, iou, valid, TEMPERATURE, untouched=True)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-4)
    assert divergence.item() > 1


def test_an_image_without_proposals_has_no_ranking_there_either() -> None:
    score, iou, valid = random_scores(2, 3, 5)
    valid[1] = False
    rest = [0, 2]
    assert alignment_loss(score, iou, valid, TEMPERATURE, untouched=True).item() == pytest.approx(
        alignment_loss(score[rest], iou[rest], valid[rest], TEMPERATURE).item(), rel=1e-5
    )


def test_no_question_with_a_target_costs_nothing() -> None:
    score, iou, valid = random_scores(3, 2, 3)
    score = score.requires_grad_()
    loss = alignment_loss(score, iou * 0, valid, TEMPERATURE)
    loss.backward()
    assert loss.item() == 0
    assert score.grad is not None
    assert not score.grad.any()


def test_an_image_of_padding_alone_costs_nothing() -> None:
    score, iou, valid = random_scores(4, 1, 3)
    assert alignment_loss(score, iou, ~valid, TEMPERATURE).item() == 0
    assert iop_loss(score.sigmoid(), iou, ~valid).item() == 0


def test_one_proposal_leaves_nothing_to_rank() -> None:
    score, iou, valid = random_scores(5, 3, 1)
    assert alignment_loss(score, iou, valid, TEMPERATURE).item() == pytest.approx(0, abs=1e-6)


def test_alignment_is_least_where_scores_are_the_ious() -> None:
    score, iou, valid = random_scores(6, 3, 5)
    assert alignment_loss(iou, iou, valid, TEMPERATURE).item() == pytest.approx(0, abs=1e-6)
    assert alignment_loss(score, iou, valid, TEMPERATURE).item() > 0.1


def test_iop_is_a_weighted_squared_error() -> None:
    iop, target, valid = random_scores(7, 3, 4)
    iop = iop.sigmoid()
    valid[0, 2:] = False
    total, count = 0.0, 0
    for row in range(3):
        for k in range(4):
            if valid[row, k]:
                p, g = iop[row, k].item(), target[row, k].item()
                total += math.exp(g - 1) * (p - g) ** 2
                count += 1
    assert iop_loss(iop, target, valid).item() == pytest.approx(total / count, rel=1e-5)


def test_missing_the_target_costs_more_than_hitting_the_rest() -> None:
    one = torch.ones(1, 1)
    valid = torch.ones(1, 1, dtype=torch.bool)
    missed, taken = iop_loss(0 * one, one, valid), iop_loss(one, 0 * one, valid)
    assert (missed / taken).item() == pytest.approx(math.e, rel=1e-5)
