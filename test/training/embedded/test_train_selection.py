# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.selection_objective import SelectionModel
from llmseg_training.embedded.train_selection import LanguageRecipe, train_language

RECIPE = LanguageRecipe(steps=2, batch_size=2, questions=2, warmup_steps=0, decay_steps=0)


@pytest.fixture
def model(fresh_parts: ModelParts) -> SelectionModel:
    encoder = SegTokenEncoder(
        fresh_parts.llava, fresh_parts.tokenizer, fresh_parts.config.seg_token
    )
    return SelectionModel(encoder, MaskSelector(fresh_parts.config.selector))


def test_later_trainings_are_averaged(model: SelectionModel, tmp_path: Path) -> None:
    alone, mean = copy.deepcopy(model), model
    train_language(alone, tmp_path / "first", RECIPE, seed=5)
    later = [copy.deepcopy(alone) for _ in range(3)]
    for number, each in enumerate(later, 1):
        train_language(each, tmp_path / f"later-{number}", RECIPE, seed=5 + number)
    train_language(mean, tmp_path / "mean", replace(RECIPE, averaged=3), seed=5)
    moved = 0
    for name, value in mean.named_parameters():
        of_all = torch.stack([each.get_parameter(name) for each in later])
        torch.testing.assert_close(value, of_all.mean(0))
        moved += not torch.equal(of_all[0], of_all[1])
    assert moved > 10
    again = copy.deepcopy(alone)
    train_language(again, tmp_path / "mean", replace(RECIPE, averaged=3), seed=5)  # as it was left
    for name, value in mean.named_parameters():
        assert torch.equal(value, again.get_parameter(name)), name
