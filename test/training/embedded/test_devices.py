# SPDX-License-Identifier: Apache-2.0
"""No GPU is needed to see that all that meets is on one device: see `helpers.other_device`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from helpers.other_device import OTHER, other_device
from helpers.trainings import TRAININGS, Make, cost_and_gradients, language
from llmseg_core import LLMSegPipeline
from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.adapter.feature_memory import FeatureMemory
from llmseg_training.adapter.objective import AdapterObjective
from llmseg_training.embedded import stages
from llmseg_training.embedded.ablation import ABLATIONS, Ablation, AblationRow, row_parts
from llmseg_training.embedded.recipe import EmbeddedRecipe, SceneRecipe, ShipRecipe
from llmseg_training.embedded.stages import EmbeddedTraining
from llmseg_training.trainer.processes import processes


def test_the_other_device_refuses_what_a_gpu_refuses() -> None:
    with other_device():
        there = torch.arange(3.0, device=OTHER)
        assert (there + 1)[torch.tensor([2])].cpu().tolist() == [3]
        with pytest.raises(RuntimeError, match="add: tensors on meta and on cpu"):
            there + torch.ones(3)
        with pytest.raises(TypeError, match="copy it to the CPU first"):
            there.numpy()


@pytest.mark.parametrize("make", TRAININGS)
def test_no_tensor_of_a_batch_stays_behind(
    make: Make, fresh_parts: ModelParts, tmp_path: Path
) -> None:
    batch = make(fresh_parts, tmp_path).batch
    tensors = [name for name, value in vars(batch).items() if isinstance(value, Tensor)]
    assert bool(tensors) is (make is not language)
    moved = batch.to("meta")
    assert {getattr(moved, name).device.type for name in tensors} <= {"meta"}


@pytest.mark.parametrize("make", TRAININGS)
def test_a_training_computes_on_its_models_device(
    make: Make, fresh_parts: ModelParts, tmp_path: Path
) -> None:
    training = make(fresh_parts, tmp_path)
    objective = training.objective
    wanted, gradients = cost_and_gradients(objective, training.batch)
    with other_device():
        objective.model.to(OTHER)
        if isinstance(objective, AdapterObjective):
            objective.features = FeatureMemory(objective.features.encoder.to(OTHER))
        cost, found = cost_and_gradients(objective, training.batch.to(OTHER))
    assert torch.allclose(cost, wanted, rtol=1e-5)
    assert found.keys() == gradients.keys()
    for name, value in gradients.items():
        assert torch.allclose(found[name], value, atol=1e-5), name


@pytest.fixture
def on_the_other_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is one of a machine with a GPU."""
    monkeypatch.setattr(processes(), "device", OTHER)
    with other_device():
        yield


SCENES = SceneRecipe(
    train=2, val=1, test=1, proposals=2, width=96, height=72, categories=("mug", "book")
)
RECIPE = EmbeddedRecipe(scenes=SCENES, ship=ShipRecipe(scenes=1, questions=3, no_target_accuracy=0))


def placed(parts: ModelParts) -> set[str]:
    networks = (parts.sam, parts.dinov2, parts.convnext, parts.llava, parts.selector)
    return {p.device.type for each in networks if each is not None for p in each.parameters()}


@pytest.fixture(scope="module")
def ablated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose scenes and proposals the first row writes, on the device."""
    return tmp_path_factory.mktemp("ablated")


@pytest.mark.usefixtures("on_the_other_device")
@pytest.mark.parametrize("row", ABLATIONS["table4"], ids=lambda row: row.name)
def test_rows_of_an_ablation_are_encoded_and_scored_on_the_device(
    row: AblationRow, ablated: Path
) -> None:
    ablation = Ablation("table4", RECIPE, ablated)
    ablation._prepare()
    parts = row_parts(ablation._parts, row, None, seed=0)
    assert placed(parts) == {OTHER.type}
    for scene in ablation._encoded(parts, row.name):
        for value in (*vars(scene).values(), *vars(scene.overlaps).values()):
            assert not isinstance(value, Tensor) or value.device.type == "cpu"
    scores = ablation._scores(LLMSegPipeline.from_parts(parts))
    assert 0 <= scores["giou"] <= scores["oracle_giou"] <= 1


@pytest.mark.usefixtures("on_the_other_device")
def test_stages_propose_encode_and_tune_on_the_device(
    parts: ModelParts, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the optimizer's steps, with the stages' own files."""
    training = EmbeddedTraining(RECIPE, tmp_path, tmp_path / "out", 1, parts.config)
    training.reuse(model_folder)
    training.scenes()
    training.proposals()
    model = training.untrained()
    training._save_whole(model, tmp_path / "selection" / "model.safetensors")
    placements: list[set[str]] = []
    written: list[Path] = []
    built: list[LLMSegPipeline] = []
    build = LLMSegPipeline.from_parts

    def note(made: ModelParts) -> LLMSegPipeline:
        placements.append(placed(made))
        built.append(build(made))
        return built[-1]

    def load(folder: Path, runtime: RuntimeConfig) -> LLMSegPipeline:
        assert (folder, runtime.device) == (tmp_path / "out", str(OTHER))
        return built[-1]

    monkeypatch.setattr(LLMSegPipeline, "from_parts", note)
    monkeypatch.setattr(LLMSegPipeline, "save_pretrained", lambda self, *to: written.append(to[0]))
    monkeypatch.setattr(LLMSegPipeline, "from_pretrained", load)
    monkeypatch.setattr(stages, "model_digest", lambda folder: "of the model")
    training.ship()
    assert placements == [{OTHER.type}]
    assert written == [tmp_path / "out"] * 2
    assert max(json.loads((tmp_path / "tuning.json").read_text()).values()) >= 0
