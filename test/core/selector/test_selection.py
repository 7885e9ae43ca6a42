# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from helpers.selection_rules import every_rule
from llmseg_core import SelectionConfig, SelectionRule
from llmseg_core.selector.selection import select, union_mask
from llmseg_core.types import ProposalScores, Selection

# Proposal 2 has the highest IoU score but a low IoP; 0 and 3 lie on the target.
IOU_SCORE = [0.3, -0.2, 0.9, 0.6]
IOP = [0.7, 0.1, 0.4, 0.8]
MASKS = torch.zeros(4, 2, 2, dtype=torch.bool)


def scores(iou_score: list[float], iop: list[float]) -> ProposalScores:
    return ProposalScores(torch.tensor([iou_score]), torch.tensor([iop]))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", range(2))
def test_scores_that_are_no_numbers_are_refused(wrong: float, place: int) -> None:
    both = [list(IOU_SCORE), list(IOP)]
    both[place][1] = wrong
    with pytest.raises(ValueError, match="the scores hold NaN or infinity"):
        select(scores(*both), MASKS, SelectionConfig(SelectionRule.TOP_IOU))


@pytest.mark.parametrize(
    ("config", "indices", "confidence"),
    [
        (SelectionConfig(SelectionRule.TOP_IOU), (2,), 0.4),
        (SelectionConfig(SelectionRule.IOP), (3, 0), 0.8),
        (SelectionConfig(SelectionRule.IOP, iop_threshold=0.75), (3,), 0.8),
        (SelectionConfig(SelectionRule.IOP, iop_threshold=0.9), (), 0.8),
        (SelectionConfig(SelectionRule.TOP_IOU_OR_IOP), (3, 0, 2), 0.8),
        (SelectionConfig(SelectionRule.TOP_IOU_OR_IOP, iop_threshold=0.9), (2,), 0.4),
        (SelectionConfig(SelectionRule.IOP_AMONG_TOP, top_k=2), (3,), 0.8),
        (SelectionConfig(SelectionRule.IOP_AMONG_TOP, top_k=3), (3, 0), 0.8),
        (SelectionConfig(SelectionRule.IOP_AMONG_TOP, top_k=1), (), 0.8),
        (SelectionConfig(SelectionRule.IOP_AMONG_TOP, top_k=99), (3, 0), 0.8),
    ],
)
def test_rules(config: SelectionConfig, indices: tuple[int, ...], confidence: float) -> None:
    selection = select(scores(IOU_SCORE, IOP), MASKS, config)
    assert selection.indices == indices
    assert selection.confidence == pytest.approx(confidence)
    assert selection.found == bool(indices)
    assert bool(selection.reason) == (not indices)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (SelectionConfig(iop_threshold=0.9), "no proposal has an IoP above 0.9"),
        (
            SelectionConfig(SelectionRule.IOP_AMONG_TOP, top_k=1),
            "no proposal of the 1 highest ranked has an IoP above 0.5",
        ),
        (SelectionConfig(min_confidence=0.9), "confidence 0.80 is below 0.9"),
    ],
)
def test_reason_why_nothing_was_found(config: SelectionConfig, reason: str) -> None:
    assert select(scores(IOU_SCORE, IOP), MASKS, config).reason == reason


def test_threshold_itself_is_not_above() -> None:
    assert not select(scores([0.0], [0.5]), MASKS[:1], SelectionConfig()).found


@pytest.mark.parametrize(
    ("rule", "minimum", "found"),
    [
        (SelectionRule.TOP_IOU, 0.39, True),
        (
            SelectionRule.TOP_IOU,
            0.41,
            False,
        ),  # the one taken has IoP 0.4, whatever others have
        (SelectionRule.IOP, 0.79, True),
        (SelectionRule.IOP, 0.81, False),
    ],
)
def test_unsure_answer_is_no_answer(rule: SelectionRule, minimum: float, found: bool) -> None:
    config = SelectionConfig(rule, min_confidence=minimum)
    selection = select(scores(IOU_SCORE, IOP), MASKS, config)
    assert selection.found == found
    assert selection.confidence == pytest.approx(0.4 if rule is SelectionRule.TOP_IOU else 0.8)


@pytest.mark.parametrize("config", every_rule(), ids=lambda config: config.rule.value)
def test_no_proposal(config: SelectionConfig) -> None:
    selection = select(scores([], []), MASKS[:0], config)
    assert selection == Selection((), 0.0, "nothing was proposed in this image")


def test_scores_of_several_instructions_are_refused() -> None:
    with pytest.raises(ValueError, match="of 2 instructions"):
        select(ProposalScores(torch.zeros(2, 3), torch.zeros(2, 3)), MASKS[:3], SelectionConfig())


def test_union() -> None:
    masks = torch.tensor([[[1, 0, 0]], [[0, 1, 0]], [[0, 1, 1]]], dtype=torch.bool)
    assert union_mask(masks, Selection((0, 1), 1)).tolist() == [[True, True, False]]
    assert union_mask(masks, Selection((), 0)).tolist() == [[False, False, False]]
    assert union_mask(masks[:0], Selection((), 0)).shape == (1, 3)
    assert masks.sum() == 4
