# SPDX-License-Identifier: Apache-2.0
"""What only a GPU can show of training; `make check-gpu` runs these."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from helpers.folder_data import write_folder_data
from helpers.trainings import TRAININGS, Make, cost_and_gradients
from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.adapter.feature_memory import FeatureMemory
from llmseg_training.adapter.objective import AdapterObjective
from llmseg_training.adapter.recipe import AdapterRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.embedded.ablation import Ablation
from llmseg_training.embedded.recipe import EmbeddedRecipe, SceneRecipe, ShipRecipe
from llmseg_training.embedded.self_knowledge import CalibrateRecipe, FamiliarityRecipe
from llmseg_training.embedded.stages import STAGES, EmbeddedTraining
from llmseg_training.embedded.train_selection import LanguageRecipe, SelectionRecipe
from llmseg_training.trainer.processes import processes

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
]
RATES = {"steps": 3, "warmup_steps": 1, "decay_steps": 1}
RECIPE = EmbeddedRecipe(
    scenes=SceneRecipe(
        train=20, val=3, test=1, proposals=4, width=128, height=96, categories=("mug", "book")
    ),
    language=LanguageRecipe(batch_size=2, questions=3, **RATES),
    selection=SelectionRecipe(batch_size=2, questions=3, vlm_from=2, **RATES),
    ship=ShipRecipe(scenes=1, questions=3, no_target_accuracy=0),
    calibrate=CalibrateRecipe(scenes=3, questions=8),
    familiarity=FamiliarityRecipe(scenes=20, made_up=14),
)


@pytest.mark.parametrize("make", TRAININGS)
def test_a_training_computes_as_on_a_cpu(
    make: Make, fresh_parts: ModelParts, tmp_path: Path
) -> None:
    training = make(fresh_parts, tmp_path)
    objective = training.objective
    wanted, gradients = cost_and_gradients(objective, training.batch)
    objective.model.to("cuda")
    if isinstance(objective, AdapterObjective):
        objective.features = FeatureMemory(objective.features.encoder.to("cuda"))
    cost, found = cost_and_gradients(objective, training.batch.to("cuda"))
    assert torch.allclose(cost, wanted, rtol=1e-3)
    assert found.keys() == gradients.keys()


def test_the_stages_of_the_packaged_model(tmp_path: Path) -> None:
    assert processes().device.type == "cuda"
    training = EmbeddedTraining(RECIPE, tmp_path, tmp_path / "model", workers=1)
    training.reuse("embedded")
    for stage in STAGES:
        if stage not in ("sam", "recognition"):
            training.run(stage)
    assert LLMSegPipeline.from_pretrained(tmp_path / "model").config.profile == "embedded"


def test_a_row_of_each_image_encoder(tmp_path: Path) -> None:
    scores = Ablation("table4", RECIPE, tmp_path).run()
    assert len(scores) == 3
    assert all(0 <= row["giou"] <= 1 or math.isnan(row["giou"]) for row in scores.values())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_papers_training_with_live_proposals(
    model_folder: Path, tmp_path: Path, precision: str
) -> None:
    data = str(write_folder_data(tmp_path / "data", 4))
    recipe = AdapterRecipe(
        model=str(model_folder), data=data, validation=data, steps=4, accumulation=2,
        learning_rate=5e-3, warmup_steps=1, precision=precision, validate_steps=2, save_steps=2,
    )  # fmt: skip
    best = train_adapter(recipe, tmp_path / "work")
    before = load_file(model_folder / "selector.safetensors")
    after = load_file(tmp_path / "work" / "last" / "selector.safetensors")
    assert any(not torch.equal(after[name], before[name]) for name in before)
    assert all(value.isfinite().all() for value in after.values())
    LLMSegPipeline.from_pretrained(best)
