# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.selection_rules import PRESENCE, WEIGHTS
from llmseg_core.config import (
    Calibration,
    ChanceCurve,
    LLMSegConfig,
    SelectionConfig,
    SelectionRule,
)
from llmseg_core.selector.presence import chance_of_presence, presence_values
from llmseg_core.selector.selection import select
from llmseg_core.types import ProposalScores

IOU_SCORE, IOP = [0.1, 0.4, 0.35, -0.2], [0.2, 0.75, 0.5, 0.05]
MASKS = torch.eye(4, dtype=torch.bool)[:, None]
FITTED = SelectionConfig(
    SelectionRule.EXPECTED_IOU, expected_iou=WEIGHTS, presence=PRESENCE, min_presence=0.5
)


def scores(iou_score: list[float] = IOU_SCORE, iop: list[float] = IOP) -> ProposalScores:
    return ProposalScores(torch.tensor([iou_score]), torch.tensor([iop]))


def test_what_is_seen_of_the_scores() -> None:
    iou = np.array(IOU_SCORE)
    assert presence_values(scores()) == pytest.approx(
        (
            0.4,
            0.4 - np.median(iou),
            math.log(0.75 / 0.25),
            0.5,
            math.log(np.exp((iou - 0.4) / 0.05).sum()),
            sum(IOP),
            iou.std(),
        ),
        abs=1e-6,
    )
    order = [2, 0, 3, 1]
    turned = scores([IOU_SCORE[each] for each in order], [IOP[each] for each in order])
    assert presence_values(turned) == pytest.approx(presence_values(scores()))


def test_one_proposal_is_enough_and_certainty_ends_somewhere() -> None:
    alone = presence_values(scores([0.3], [1.0]))
    assert alone == pytest.approx((0.3, 0, math.log(999), 0, 0, 1, 0), abs=1e-4)
    assert presence_values(scores([0.3], [0.0]))[2] == pytest.approx(-math.log(999))
    sure = replace(PRESENCE, shift=1e9)
    assert 0 < chance_of_presence(scores(), replace(PRESENCE, shift=-1e9)) < 1e-20
    assert chance_of_presence(scores(), sure) == pytest.approx(1)


def test_the_chance_is_the_logistic_of_what_is_seen() -> None:
    logit = np.dot(presence_values(scores()), PRESENCE.weights) + PRESENCE.shift
    assert chance_of_presence(scores(), PRESENCE) == pytest.approx(1 / (1 + math.exp(-logit)))


def test_nothing_is_taken_where_probably_nothing_fits() -> None:
    there = chance_of_presence(scores(), PRESENCE)
    taken = select(scores(), MASKS, FITTED)
    assert there > 0.5
    assert (taken.found, taken.presence) == (True, there)
    plain = select(scores(), MASKS, replace(FITTED, presence=None, min_presence=0.0))
    assert (plain.indices, plain.confidence) == (taken.indices, taken.confidence)
    assert plain.presence is None
    strict = replace(FITTED, min_presence=there + 1e-6)
    refused = select(scores(), MASKS, strict)
    assert (refused.indices, refused.presence) == ((), there)
    assert refused.confidence == pytest.approx(1 - there)
    assert refused.reason == (
        f"the chance that anything fits, {there:.2f}, is below {strict.min_presence:g}"
    )
    assert select(scores(), MASKS, replace(strict, min_presence=0.0)).found


def test_what_presence_leaves_is_the_confidence_of_nothing_for_every_reason() -> None:
    curve = ChanceCurve(1.0, 1.0, 0.0)
    there = chance_of_presence(scores(), PRESENCE)
    for config in (
        replace(FITTED, min_confidence=1.0),
        SelectionConfig(SelectionRule.IOP, 0.9, presence=PRESENCE),
    ):
        for calibration in (None, Calibration(curve, curve)):
            dropped = select(scores(), MASKS, config, calibration)
            assert (dropped.found, dropped.presence) == (False, there)
            assert dropped.confidence == pytest.approx(1 - there)
    empty = ProposalScores(torch.zeros(1, 0), torch.zeros(1, 0))
    none = select(empty, torch.zeros(0, 1, 4, dtype=torch.bool), FITTED)
    assert (none.found, none.presence) == (False, None)


def test_it_is_kept_and_a_model_without_it_refuses() -> None:
    config = LLMSegConfig(selection=FITTED)
    assert LLMSegConfig.from_dict(config.to_dict()) == config
    plain = LLMSegConfig().to_dict()["selection"]
    assert not {"presence", "min_presence"} & set(plain)
    message = r"min_presence is 0.3, for which this model was not fitted: run llmseg calibrate --pr"
    with pytest.raises(ValueError, match=message):
        SelectionConfig(min_presence=0.3)
    with pytest.raises(ValueError, match=r"min_presence is 1.5, it must be in \[0, 1\]"):
        replace(FITTED, min_presence=1.5)
