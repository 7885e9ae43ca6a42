# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.selection_rules import WEIGHTS
from llmseg_core import SelectionConfig, SelectionRule
from llmseg_core.config import Calibration, ChanceCurve, LLMSegConfig
from llmseg_core.selector.expected_iou import (
    answer_values,
    best_answer,
    mask_cells,
    possible_answers,
)
from llmseg_core.selector.selection import select
from llmseg_core.types import ProposalScores

# A row of ten cells: the left half, the right half, nearly the left half, all of it.
MASKS = torch.zeros(4, 1, 10, dtype=torch.bool)
MASKS[0, 0, :5] = MASKS[1, 0, 5:] = MASKS[2, 0, :4] = MASKS[3, 0, :] = True
IOU_SCORE, IOP = [0.8, 0.7, 0.6, 0.1], [0.9, 0.85, 0.95, 0.45]
QUALITY = [0.95, 0.8, 0.5, 0.7]
FITTED = SelectionConfig(SelectionRule.EXPECTED_IOU, expected_iou=WEIGHTS)


def scores(iou_score: list[float] = IOU_SCORE, iop: list[float] = IOP) -> ProposalScores:
    quality = torch.tensor(QUALITY[: len(iop)])
    return ProposalScores(torch.tensor([iou_score]), torch.tensor([iop]), quality)


def test_singles_likely_ones_and_pairs_are_looked_at() -> None:
    assert set(possible_answers(scores())) == {
        (0,), (1,), (2,), (3,),
        (0, 1, 2, 3),  # above 0.4
        (0, 1, 2),  # above 0.5 to 0.8, and the three ranked highest
        (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3),
    }  # fmt: skip
    assert possible_answers(scores([0.3], [0.01])) == [(0,)]
    many = possible_answers(
        ProposalScores(torch.rand(1, 50), torch.rand(1, 50, generator=torch.manual_seed(0)))
    )
    assert len(many) == len(set(many)) < 40


def test_what_is_seen_of_an_answer() -> None:
    answers = [(0,), (0, 1), (2, 3)]
    seen = answer_values(scores(), mask_cells(MASKS), answers)
    masks = MASKS.reshape(4, 10).numpy()
    for row, answer in zip(seen.tolist(), answers, strict=True):
        union = masks[list(answer)].any(0)
        iou = [(union & each).sum() / (union | each).sum() for each in masks]
        outside = [(each & ~union).sum() > each.sum() / 2 for each in masks]
        left = [iop for iop, out in zip(IOP, outside, strict=True) if out]
        areas = masks[list(answer)].sum(1)
        expected = []
        for temperature in (0.05, 0.1):
            weights = np.exp(np.array(IOU_SCORE) / temperature)
            expected.append((weights / weights.sum() * iou).sum())
        expected += [
            max(np.multiply(iou, IOP)),
            max(left, default=0),
            sum(each > 0.5 for each in left),
            (areas * np.array(IOP)[list(answer)]).sum() / areas.sum(),
            (areas * np.array(QUALITY)[list(answer)]).sum() / areas.sum(),
            max(
                ((union & each).sum() / each.sum() - iop) ** 2
                for each, iop in zip(masks, IOP, strict=True)
            ),
        ]
        assert row == pytest.approx(expected, abs=1e-6)


def test_large_masks_are_seen_on_a_coarse_grid() -> None:
    masks = torch.zeros(2, 480, 640, dtype=torch.bool)
    masks[0, :, :320] = masks[1, :240] = True
    cells = mask_cells(masks)
    assert cells.shape == (2, 48 * 64)
    assert cells.mean(1).tolist() == [0.5, 0.5]
    assert mask_cells(MASKS).shape == (4, 10)


def test_two_halves_are_one_answer_where_both_are_meant() -> None:
    # What agrees with likely proposals and leaves none out is best.
    weights = replace(WEIGHTS, agreement=0, broad_agreement=0, likely_left_out=0, left_out=-4)
    answer, value = best_answer(scores(), MASKS, weights)
    assert MASKS[list(answer)].any(0).sum() >= 9
    assert 0 < value < 1
    # Nothing else is likely: the half alone.
    assert best_answer(scores(iop=[0.9, 0.1, 0.8, 0.2]), MASKS, weights)[0] == (0,)


def test_the_rule_takes_it_with_its_expected_iou_as_score() -> None:
    answer, value = best_answer(scores(), MASKS, WEIGHTS)
    selection = select(scores(), MASKS, FITTED)
    assert selection.confidence == pytest.approx(value)
    assert answer == (0, 2)
    assert selection.indices == (2, 0)  # highest IoP first
    dropped = select(scores(), MASKS, replace(FITTED, min_confidence=value + 0.01))
    assert not dropped.found
    assert dropped.confidence == pytest.approx(value)
    assert dropped.reason == f"confidence {value:.2f} is below {value + 0.01:g}"
    calibration = Calibration(ChanceCurve(2, 1, 0), ChanceCurve(1, 1, 0))
    sure = select(scores(), MASKS, FITTED, calibration).confidence
    assert sure == pytest.approx(calibration.of_mask(value))


def test_of_two_masks_of_one_thing_the_one_that_sam_trusts_is_taken() -> None:
    weights = replace(WEIGHTS, agreement=0, broad_agreement=0, left_out=0, iop=0, quality=5)
    assert best_answer(scores(), MASKS, weights)[0] == (0,)
    untold = ProposalScores(torch.tensor([IOU_SCORE]), torch.tensor([IOP]))
    assert untold.quality.tolist() == [1, 1, 1, 1]
    answers = [best_answer(untold, MASKS, replace(weights, quality=each))[0] for each in (0, 5)]
    assert answers[0] == answers[1] != (0,)


def test_extreme_weights_give_no_overflow() -> None:
    huge = replace(WEIGHTS, iop=1e6, shift=-1e7)
    assert best_answer(scores(), MASKS, huge)[1] == pytest.approx(0, abs=1e-9)


def test_a_model_that_was_not_fitted_says_so() -> None:
    message = r"rule is 'expected_iou', .* run llmseg calibrate --rule expected_iou, or take one of"
    with pytest.raises(ValueError, match=message):
        SelectionConfig(SelectionRule.EXPECTED_IOU)


def test_the_weights_stand_in_the_models_file() -> None:
    plain = LLMSegConfig(selection=FITTED).to_dict()
    assert plain["selection"]["expected_iou"]["likely_left_out"] == -0.5
    assert LLMSegConfig.from_dict(plain).selection == FITTED
    assert "expected_iou" not in LLMSegConfig().to_dict()["selection"]
    for name in ("quality", "surprise"):  # a file of before they were told
        plain["selection"]["expected_iou"].pop(name)
    assert LLMSegConfig.from_dict(plain).selection == FITTED
    plain["selection"]["expected_iou"]["iop"] = float("nan")
    with pytest.raises(ValueError, match="iop"):
        LLMSegConfig.from_dict(plain)
