# SPDX-License-Identifier: Apache-2.0
"""Answers to questions about four pixels, judged and scored by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from helpers.answers import MASKS, Asked, DrawnAnswers, pixels
from helpers.selection_rules import every_rule
from llmseg_core.config import SelectionConfig
from llmseg_training.evaluate import Prediction, SampleAnswers, evaluate, judge, score_cases

LEFT, THIRD = (0, 1), (2,)


def scores(*asked: Asked, **drawn: object) -> dict[str, float]:
    """Of questions about one image."""
    answers = DrawnAnswers(asked, **drawn)  # type: ignore[arg-type]
    return score_cases(evaluate(answers, answers).cases)


def test_the_right_answer() -> None:
    row = scores(Asked(LEFT, (0.9, 0.1, 0.1)))
    assert row["count"] == 1
    assert row["giou"] == row["ciou"] == row["nciou"] == row["oracle_giou"] == 1
    assert row["random_giou"] == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert row["target_recall"] == 1
    assert math.isnan(row["no_target_accuracy"])


def test_nothing_said_of_nothing_counts_one() -> None:
    row = scores(Asked((), (0.1, 0.1, 0.1)))
    assert row["giou"] == row["oracle_giou"] == row["no_target_accuracy"] == 1
    assert row["random_giou"] == 0
    assert math.isnan(row["target_recall"])


def test_something_said_of_nothing_counts_zero() -> None:
    row = scores(Asked((), (0.1, 0.9, 0.1)))
    assert row["giou"] == row["no_target_accuracy"] == 0
    assert row["oracle_giou"] == 1


def test_nothing_said_of_something_counts_zero() -> None:
    row = scores(Asked(LEFT, (0.1, 0.1, 0.1)))
    assert row["giou"] == row["target_recall"] == 0
    assert row["oracle_giou"] == 1


def test_scores_of_several_answers() -> None:
    row = scores(
        Asked(LEFT, (0.9, 0.1, 0.1)),  # right: 2 of 2
        Asked(LEFT, (0.1, 0.1, 0.9)),  # too much: 2 of 3
        Asked((2, 3), (0.1, 0.9, 0.1)),  # too little: 1 of 2; no proposal is better
        Asked((), (0.1, 0.1, 0.1)),
        Asked((), (0.9, 0.1, 0.1)),  # 0 of 2
    )
    assert row["count"] == 5
    assert row["giou"] == pytest.approx((1 + 2 / 3 + 1 / 2 + 1 + 0) / 5)
    assert row["ciou"] == pytest.approx((2 + 2 + 1 + 0 + 0) / (2 + 3 + 2 + 0 + 2))
    assert row["nciou"] == pytest.approx(row["ciou"])  # every pixel becomes 256 columns
    assert row["oracle_giou"] == pytest.approx((1 + 1 + 1 / 2 + 1 + 1) / 5)
    assert row["random_giou"] == pytest.approx((5 / 9 + 5 / 9 + (0 + 1 / 2 + 1 / 4) / 3) / 5)
    assert row["no_target_accuracy"] == 1 / 2
    assert row["target_recall"] == 1


def test_an_image_without_proposals() -> None:
    row = scores(Asked(LEFT, ()), masks=MASKS[:0])
    assert row["giou"] == row["oracle_giou"] == row["random_giou"] == row["target_recall"] == 0


def test_the_best_proposal_of_each_object() -> None:
    answers = DrawnAnswers([Asked(LEFT, (0.9, 0.1, 0.1))])
    sample = replace(answers[0], objects=(pixels(LEFT), pixels((2, 3)), pixels((3,))))
    given = answers.answer(sample)
    assert judge(sample, given).object_iou == pytest.approx((1, 1 / 2, 0))
    assert judge(answers[0], given).object_iou is None
    assert judge(replace(sample, objects=()), given).object_iou == ()
    assert judge(sample, SampleAnswers(given.predictions)).object_iou is None
    none = DrawnAnswers([Asked(LEFT, ())], masks=MASKS[:0])
    assert judge(sample, none.answer(none[0])).object_iou == (0, 0, 0)


@pytest.mark.parametrize("score", [math.nan, math.inf])
@pytest.mark.parametrize("config", every_rule(), ids=lambda config: config.rule.value)
def test_scores_that_are_no_numbers_are_refused(score: float, config: SelectionConfig) -> None:
    sure = Asked(LEFT, (0.9, 0.1, 0.1))
    for name, wrong in (
        ("iop", Asked(LEFT, (0.9, score, 0.1), (1, 0, 0))),
        ("iou_score", Asked(LEFT, (0.9, 0.2, 0.1), (1, score, 0))),
    ):
        message = f"sample 0, question 1: the {name} of proposal 1 is {score}, it must be a finite"
        with pytest.raises(ValueError, match=message):
            scores(sure, wrong, config=config)


@pytest.mark.parametrize("confidence", [math.nan, -0.5, 1.5])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    sample = DrawnAnswers([Asked(LEFT, ())])[0]
    answers = SampleAnswers((Prediction(pixels(LEFT), confidence),))
    with pytest.raises(ValueError, match=rf"0, question 0: the confidence is {confidence}, it mu"):
        judge(sample, answers)
