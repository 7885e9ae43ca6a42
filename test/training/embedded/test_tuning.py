# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from helpers.answers import answer, giou_of, scene_of
from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_training.embedded.tuning import candidates, tune_selection

LEFT, THIRD, ALL = (0, 1), (2,), (0, 1, 2)


def test_every_setting_is_tried_once() -> None:
    settings = list(candidates())
    assert len(settings) == len(set(settings))
    assert {each.rule for each in settings} == set(SelectionRule)


def test_the_threshold_between_right_and_wrong_is_found() -> None:
    # Right proposals have an IoP above 0.6, wrong ones below; ranks are of no use.
    scenes = [
        scene_of(answer(LEFT, (0.66, 0.55, 0.1), (-1, 0, 1))),
        scene_of(
            answer(THIRD, (0.58, 0.9, 0.59), (0, -1, 1)), answer(ALL, (0.8, 0.7, 0.3), (-1, 0, 1))
        ),
    ]
    best, table = tune_selection(scenes)
    assert best.rule is SelectionRule.IOP
    assert best.iop_threshold == 0.6
    assert giou_of(table, best) == {1}
    for rule in (SelectionRule.IOP, SelectionRule.TOP_IOU):
        (all_taken,) = giou_of(table, SelectionConfig(rule, iop_threshold=0.4))
        assert all_taken == pytest.approx((2 / 3 + 1 / 3 + 1) / 3)
    assert len(table) == len(list(candidates()))


def test_ranks_count_where_the_iop_says_nothing() -> None:
    best, _ = tune_selection(
        [
            scene_of(
                answer(LEFT, (0.9, 0.9, 0.9), (1, 0, 0)), answer(THIRD, (0.9, 0.9, 0.9), (0, 1, 0))
            )
        ]
    )
    assert best.rule is SelectionRule.TOP_IOU


def test_a_setting_must_refuse_often_enough() -> None:
    # Refusing what has no target costs one answer that would have been right.
    sure, unsure = answer(LEFT, (0.9, 0.0, 0.0)), answer(LEFT, (0.45, 0.0, 0.0))
    nothing = answer((), (0.48, 0.0, 0.0))
    scenes = [scene_of(sure, unsure, unsure, nothing)]
    eager, _ = tune_selection(scenes, no_target_accuracy=0.0)
    careful, _ = tune_selection(scenes, no_target_accuracy=1.0)
    assert max(eager.iop_threshold, eager.min_confidence) < 0.45
    assert max(careful.iop_threshold, careful.min_confidence) >= 0.5


def test_the_best_is_taken_where_none_refuses() -> None:
    scenes = [scene_of(answer(LEFT, (0.9, 0.1, 0.1)), answer((), (0.1, 0.1, 0.99)))]
    best, table = tune_selection(scenes, no_target_accuracy=1.0)
    assert max(table.values()) == 0.5
    assert giou_of(table, best) == {0.5}


def test_nothing_to_tune_on_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was asked"):
        tune_selection([scene_of()])
