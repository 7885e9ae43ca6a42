# SPDX-License-Identifier: Apache-2.0
"""No GPU is needed to see that all that meets is on one device: see `helpers.other_device`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers.folder_data import write_folder_data
from helpers.literal_scene import literal_scene
from helpers.other_device import OTHER, other_device
from helpers.tiny_model import tiny_sam
from llmseg_core import LLMSegPipeline, Proposals
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.adapter.data import AdapterDataset, InputSizes
from llmseg_training.adapter.objective import AdapterModel, AdapterObjective
from llmseg_training.data import open_data
from llmseg_training.data.draws import SampleDraws
from llmseg_training.embedded.ablation import ABLATIONS, Ablation, AblationRow, row_parts
from llmseg_training.embedded.language_objective import (
    InstructionDataset,
    LanguageModel,
    LanguageObjective,
    collate_instructions,
)
from llmseg_training.embedded.recipe import EmbeddedRecipe, SceneRecipe, ShipRecipe
from llmseg_training.embedded.recognition_data import RecognitionDataset, collate_recognition
from llmseg_training.embedded.recognition_objective import RecognitionModel, RecognitionObjective
from llmseg_training.embedded.sam_data import SamDataset, collate_sam
from llmseg_training.embedded.sam_objective import SamObjective, SamTrainingModel
from llmseg_training.embedded.selection_data import SelectionDataset, encode_scene
from llmseg_training.embedded.selection_objective import (
    SelectionModel,
    SelectionObjective,
    SelectionWeights,
)
from llmseg_training.embedded.stages import EmbeddedTraining
from llmseg_training.learning.batch import Batch, collate_proposals
from llmseg_training.learning.scoring import LossWeights
from llmseg_training.trainer.objective import Objective
from llmseg_training.trainer.processes import processes


@dataclass(frozen=True)
class Training:
    """One of the five: what it minimises, and a batch as its loop gets it."""

    objective: Objective
    batch: Batch


def vlm_of(parts: ModelParts) -> SegTokenEncoder:
    return SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)


def sam(parts: ModelParts, folder: Path) -> Training:
    data = SamDataset([literal_scene()], 64, points=3, augment=True, seed=0)
    return Training(SamObjective(SamTrainingModel(tiny_sam())), collate_sam([data[0], data[0]]))


def recognition(parts: ModelParts, folder: Path) -> Training:
    encoder = Dinov2Encoder(parts.dinov2, parts.config.image_encoder.image_size)
    data = RecognitionDataset([literal_scene()], 56, encoder.cells, 16, True, seed=0)
    objective = RecognitionObjective(RecognitionModel(encoder, nn.Linear(32, 16)), 10, 100)
    return Training(objective, collate_recognition([data[0], data[0]]))


def language(parts: ModelParts, folder: Path) -> Training:
    model = LanguageModel(SelectionModel(vlm_of(parts), parts.selector))
    data = InstructionDataset(2, 3, seed=0)
    return Training(LanguageObjective(model), collate_instructions([data[0], data[1]]))


def selection(parts: ModelParts, folder: Path) -> Training:
    config, vlm = parts.config.image_encoder, vlm_of(parts)
    embedder = PooledMaskEmbedder(
        Dinov2Encoder(parts.dinov2, config.image_size), config.pooling_size
    )
    scene = literal_scene()
    masks = torch.stack([torch.from_numpy(scene.instances == number) for number in (1, 2)])
    encoded = encode_scene(scene, Proposals.from_masks(masks), embedder, vlm.pixel_values)
    data = SelectionDataset([encoded], 3, "train", seed=0)
    model = SelectionModel(vlm, parts.selector)
    return Training(SelectionObjective(model, SelectionWeights()), collate_proposals([data[0]] * 2))


def adapter(parts: ModelParts, folder: Path) -> Training:
    encoder = Dinov2Encoder(parts.dinov2, parts.config.image_encoder.image_size)
    sizes = InputSizes(encoder.feature_size, 16, 28, "pad")

    def halves(image: np.ndarray) -> Proposals:
        masks = torch.zeros(2, *image.shape[:2], dtype=torch.bool)
        masks[0, :, : image.shape[1] // 2] = masks[1, :, image.shape[1] // 2 :] = True
        return Proposals.from_masks(masks)

    draws = SampleDraws(open_data(write_folder_data(folder / "data", 2)))
    data = AdapterDataset(draws, halves, sizes, 4)
    model = AdapterModel(vlm_of(parts), parts.selector)
    objective = AdapterObjective(model, encoder, LossWeights())
    return Training(objective, collate_proposals([data[0], data[1]]))


TRAININGS = (sam, recognition, language, selection, adapter)
Make = Callable[[ModelParts, Path], Training]


def cost_and_gradients(objective: Objective, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    objective.model.zero_grad()
    torch.manual_seed(0)
    cost = objective.loss(objective.model.train(), batch, 0)
    cost.total.backward()
    for value in cost.parts.values():
        assert value.device == cost.total.device
    named = objective.model.named_parameters()
    gradients = {name: p.grad.cpu().clone() for name, p in named if p.grad is not None}
    return cost.total.detach().cpu(), gradients


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
            objective.image_encoder.to(OTHER)
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


@pytest.mark.usefixtures("on_the_other_device")
@pytest.mark.parametrize("row", ABLATIONS["table4"], ids=lambda row: row.name)
def test_rows_of_an_ablation_are_encoded_and_scored_on_the_device(
    row: AblationRow, tmp_path: Path
) -> None:
    ablation = Ablation("table4", RECIPE, tmp_path)
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
    build = LLMSegPipeline.from_parts
    monkeypatch.setattr(
        LLMSegPipeline, "from_parts", lambda made: placements.append(placed(made)) or build(made)
    )
    monkeypatch.setattr(LLMSegPipeline, "save_pretrained", lambda self, *to: written.append(to[0]))
    monkeypatch.setattr(LLMSegPipeline, "from_pretrained", lambda folder: None)
    training.ship()
    assert placements == [{OTHER.type}] * 2
    assert written == [tmp_path / "out"]
    assert max(json.loads((tmp_path / "tuning.json").read_text()).values()) >= 0
