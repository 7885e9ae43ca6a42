# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import pytest

from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate import Bounds, Case, proposal_miou, score_cases

RIGHT = Case("a", 0, "the cup", "phrase", "cup", True, True, MaskCounts(4, 4, 8, 8), 0.9,
             Bounds(1, 1, 0.25))  # fmt: skip
HALF = replace(RIGHT, counts=MaskCounts(2, 4, 1, 4), bounds=Bounds(0.5, 0.75, 0.25))
MISSED = replace(RIGHT, found=False, counts=MaskCounts(0, 4, 0, 8))
REFUSED = replace(RIGHT, has_target=False, found=False, counts=MaskCounts(0, 0, 0, 0),
                  bounds=Bounds(1, 1, 0))  # fmt: skip
IMAGINED = replace(REFUSED, found=True, counts=MaskCounts(0, 4, 0, 4))


def test_scores_by_hand() -> None:
    scores = score_cases([RIGHT, HALF, MISSED, REFUSED, IMAGINED])
    assert scores["count"] == 5
    assert scores["giou"] == pytest.approx((1 + 0.5 + 0 + 1 + 0) / 5)
    assert scores["ciou"] == pytest.approx((4 + 2) / (4 + 4 + 4 + 4))
    assert scores["nciou"] == pytest.approx((8 + 1) / (8 + 4 + 8 + 4))
    assert scores["oracle_giou"] == pytest.approx((1 + 0.5 + 1 + 1 + 1) / 5)
    assert scores["oracle_union_giou"] == pytest.approx((1 + 0.75 + 1 + 1 + 1) / 5)
    assert scores["random_giou"] == pytest.approx(0.75 / 5)
    assert scores["no_target_accuracy"] == 1 / 2
    assert scores["target_recall"] == pytest.approx(2 / 3)


def test_what_is_said_of_no_question_is_nan() -> None:
    scores = score_cases([replace(RIGHT, bounds=None)])
    unknown = {name for name, value in scores.items() if math.isnan(value)}
    assert unknown == {"oracle_giou", "oracle_union_giou", "random_giou", "no_target_accuracy"}
    assert math.isnan(score_cases([REFUSED])["target_recall"])
    with pytest.raises(ValueError, match="no sample"):
        score_cases([])


def test_proposal_miou_looks_at_questions_with_a_target() -> None:
    assert proposal_miou([RIGHT, HALF, REFUSED]) == pytest.approx(0.75)
    assert math.isnan(proposal_miou([REFUSED, replace(RIGHT, bounds=None)]))


def test_proposal_miou_looks_at_objects_where_they_are_known() -> None:
    assert proposal_miou([RIGHT, HALF], (0.5, 0.25, 0.0)) == pytest.approx(0.25)
    assert math.isnan(proposal_miou([RIGHT], ()))
