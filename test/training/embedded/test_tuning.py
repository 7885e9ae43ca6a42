# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Sequence

import pytest

from helpers.answers import Asked, DrawnAnswers, giou_of
from helpers.selection_rules import WEIGHTS
from llmseg_core.config import PAPER_RULES, SelectionConfig, SelectionRule
from llmseg_training.embedded.tuning import candidates, tune_selection
from llmseg_training.evaluate import evaluate

LEFT, THIRD, ALL = (0, 1), (2,), (0, 1, 2)


def tuned(
    *scenes: Sequence[Asked], no_target_accuracy: float = 0.82
) -> tuple[SelectionConfig, dict[str, float]]:
    """What is chosen for the answers about some scenes."""
    answers = DrawnAnswers(*scenes)
    swept = evaluate(answers, answers, settings=tuple(candidates())).sweep
    return tune_selection(swept, no_target_accuracy)


def test_every_setting_is_tried_once() -> None:
    settings = list(candidates())
    assert len(settings) == len(set(settings))
    assert {each.rule for each in settings} == set(PAPER_RULES)
    more = list(candidates(WEIGHTS))
    assert len(more) == len(set(more)) > len(settings)
    assert {each.rule for each in more} == set(SelectionRule)


def test_the_threshold_between_right_and_wrong_is_found() -> None:
    # Right proposals have an IoP above 0.6, wrong ones below; ranks are of no use.
    best, table = tuned(
        [Asked(LEFT, (0.66, 0.55, 0.1), (-1, 0, 1))],
        [Asked(THIRD, (0.58, 0.9, 0.59), (0, -1, 1)), Asked(ALL, (0.8, 0.7, 0.3), (-1, 0, 1))],
    )
    assert best.rule is SelectionRule.IOP
    assert best.iop_threshold == 0.6
    assert giou_of(table, best) == {1}
    for rule in (SelectionRule.IOP, SelectionRule.TOP_IOU):
        (all_taken,) = giou_of(table, SelectionConfig(rule, iop_threshold=0.4))
        assert all_taken == pytest.approx((2 / 3 + 1 / 3 + 1) / 3)
    assert len(table) == len(list(candidates()))


def test_ranks_count_where_the_iop_says_nothing() -> None:
    best, _ = tuned(
        [Asked(LEFT, (0.9, 0.9, 0.9), (1, 0, 0)), Asked(THIRD, (0.9, 0.9, 0.9), (0, 1, 0))]
    )
    assert best.rule is SelectionRule.TOP_IOU


def test_a_setting_must_refuse_often_enough() -> None:
    # Refusing what has no target costs one answer that would have been right.
    sure, unsure = Asked(LEFT, (0.9, 0.0, 0.0)), Asked(LEFT, (0.45, 0.0, 0.0))
    scene = [sure, unsure, unsure, Asked((), (0.48, 0.0, 0.0))]
    eager, _ = tuned(scene, no_target_accuracy=0.0)
    careful, _ = tuned(scene, no_target_accuracy=1.0)
    assert max(eager.iop_threshold, eager.min_confidence) < 0.45
    assert max(careful.iop_threshold, careful.min_confidence) >= 0.5


def test_the_best_is_taken_where_none_refuses() -> None:
    scene = [Asked(LEFT, (0.9, 0.1, 0.1)), Asked((), (0.1, 0.1, 0.99))]
    best, table = tuned(scene, no_target_accuracy=1.0)
    assert max(table.values()) == 0.5
    assert giou_of(table, best) == {0.5}


def test_of_settings_that_are_as_good_the_first_is_taken() -> None:
    best, _ = tuned([Asked(LEFT, (1.0, 0.0, 0.0), (1, 0, 0))])
    assert best == next(iter(candidates()))


def test_nothing_to_tune_on_is_refused() -> None:
    with pytest.raises(ValueError, match="no setting was tried"):
        tune_selection([])
