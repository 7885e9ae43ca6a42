# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml

from llmseg_core.config import Calibration, ChanceCurve, LLMSegConfig, SelectionConfig
from llmseg_core.selector.selection import select
from llmseg_core.types import ProposalScores

ITSELF = ChanceCurve(1.0, 1.0, 0.0)
CALIBRATION = Calibration(right=ChanceCurve(1.0, 1.0, 1.0), fits=ChanceCurve(0.5, 2.0, -0.5))


def test_the_curve_of_one_one_nought_is_the_score_itself() -> None:
    for score in (0.01, 0.3, 0.5, 0.99):
        assert ITSELF(score) == pytest.approx(score)


@pytest.mark.parametrize("curve", [ITSELF, CALIBRATION.right, CALIBRATION.fits])
def test_chances_never_fall_and_are_found_again(curve: ChanceCurve) -> None:
    scores = np.linspace(0, 1, 101)
    chances = [curve(score) for score in scores]
    assert all(0 < chance < 1 for chance in chances)
    assert chances == sorted(chances)
    for score in (0.02, 0.4, 0.97):
        assert curve.score_at(curve(score)) == pytest.approx(score, abs=1e-6)
    assert curve.score_at(1.0) == 1.0
    assert curve.score_at(0.0) == 0.0


def test_a_falling_curve_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rise is -1.0, it must be at least 0"):
        ChanceCurve(-1.0, 1.0, 0.0)


def test_a_selection_claims_chances_of_masks_and_of_nothing() -> None:
    scores = ProposalScores(torch.tensor([[0.3, 0.9]]), torch.tensor([[0.2, 0.6]]))
    masks = torch.zeros(2, 1, 1, dtype=torch.bool)
    plain = select(scores, masks, SelectionConfig(min_confidence=0.55))
    assert plain.confidence == pytest.approx(0.6)
    sure = CALIBRATION.of_mask(0.6)
    assert sure == pytest.approx(0.803, abs=1e-3)
    found = select(scores, masks, SelectionConfig(min_confidence=sure - 1e-6), CALIBRATION)
    assert found.found
    assert found.confidence == pytest.approx(sure)
    dropped = select(scores, masks, SelectionConfig(min_confidence=sure + 1e-3), CALIBRATION)
    assert not dropped.found
    assert dropped.confidence == pytest.approx(1 - CALIBRATION.fits(0.6), abs=1e-6)
    assert dropped.reason.startswith("confidence 0.80 is below 0.80")
    none = select(
        ProposalScores(torch.zeros(1, 0), torch.zeros(1, 0)),
        masks[:0],
        SelectionConfig(),
        CALIBRATION,
    )
    assert none.confidence == pytest.approx(1 - CALIBRATION.fits(0.0))


def test_a_model_directory_without_one_is_written_as_before() -> None:
    plain = LLMSegConfig().to_dict()
    assert "calibration" not in plain
    assert "accept_unfamiliar" not in plain["selection"]
    config = LLMSegConfig(calibration=CALIBRATION)
    text = yaml.safe_dump(config.to_dict())
    assert LLMSegConfig.from_dict(yaml.safe_load(text)) == config
