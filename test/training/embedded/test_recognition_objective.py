# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import Dinov2Model

from helpers.literal_scene import literal_scene
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_pooling import mask_pooling
from llmseg_core.model_dir.networks import build_embedded_dinov2, build_embedded_sam
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.embedded.recognition_data import (
    RecognitionBatch,
    RecognitionDataset,
    RecognitionSample,
    collate_recognition,
)
from llmseg_training.embedded.recognition_objective import RecognitionModel, RecognitionObjective
from llmseg_training.embedded.train_recognition import (
    RecognitionRecipe,
    start_from_sam,
    train_recognition,
)
from llmseg_training.scenes import Scene, SceneFolder
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

STEPS = 15


Loop = TrainingLoop[RecognitionSample, RecognitionBatch]


def make_loop(parts: ModelParts, folder: Path, scene: Scene) -> Loop:
    encoder = Dinov2Encoder(parts.dinov2, parts.config.image_encoder.image_size)
    recipe = TrainingRecipe(
        steps=STEPS, batch_size=2, learning_rate=5e-3, warmup_steps=0, decay_steps=0
    )
    model = RecognitionModel(encoder, nn.Linear(32, 16))
    return TrainingLoop(
        RecognitionObjective(model, kept=10, all_from=STEPS - 5),
        RecognitionDataset([scene] * 4, 56, encoder.cells, 16, True, seed=0),
        collate_recognition,
        training_plan(folder, recipe, seed=0, log_steps=1),
    )


@pytest.fixture
def loop(fresh_parts: ModelParts, tmp_path: Path) -> Loop:
    return make_loop(fresh_parts, tmp_path, literal_scene())


def test_the_loss_falls_and_things_are_recognised(loop: Loop) -> None:
    loop.train_to_end()
    logged = loop.history
    assert len(logged) == STEPS
    values = [entry["loss"] for entry in logged]
    assert sum(values[-3:]) < 0.6 * sum(values[:3])
    for name in ("category_accuracy", "colour_accuracy"):
        assert sum(entry[name] for entry in logged[-3:]) / 3 > 0.6


def test_gradients_reach_every_part(loop: Loop) -> None:
    data, model = loop.data, loop.objective.model.train()
    loop.objective.loss(model, collate_recognition([data[0], data[1]]), 0).total.backward()
    for part in model.children():
        assert all(
            p.grad is not None and p.grad.isfinite().all() and p.grad.any()
            for name, p in part.named_parameters()
            if not name.endswith("mask_token")
        )


def test_a_batch_without_objects_costs_a_number(fresh_parts: ModelParts, tmp_path: Path) -> None:
    loop = make_loop(fresh_parts, tmp_path, replace(literal_scene(), objects=()))
    model = loop.objective.model.train()
    cost = loop.objective.loss(model, collate_recognition([loop.data[0]]), 0)
    cost.total.backward()
    assert cost.total.isfinite()
    assert not {"category_accuracy", "colour_accuracy"} & cost.parts.keys()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(("step", "patches"), [(0, 10), (STEPS - 6, 10), (STEPS - 5, 16)])
def test_the_encoder_sees_all_patches_at_last(loop: Loop, step: int, patches: int) -> None:
    model = loop.objective.model
    seen: list[int] = []
    layer = model.encoder.model.encoder.layer[0]
    layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[1] - 1))
    loop.objective.loss(model, collate_recognition([loop.data[0]]), step)
    assert seen == [patches]


def test_with_all_patches_it_is_the_encoder_of_inference(loop: Loop) -> None:
    model, batch = loop.objective.model.eval(), collate_recognition([loop.data[0]])
    with torch.no_grad():
        out = model(
            batch.pixel_values,
            batch.order,
            batch.weights.gather(1, batch.order[batch.image_index]),
            batch.image_index,
        )
        feature_map = model.encoder(batch.pixel_values)[0]
        patches = model.patch_head(feature_map.flatten(1).T)
        pooled = model.mask_projection(mask_pooling(feature_map, batch.weights))
    assert torch.allclose(out["patches"][0], patches[batch.order[0]], atol=1e-5)
    assert torch.allclose(out["categories"], model.category_head(pooled), atol=1e-5)


def test_the_encoder_starts_as_sams() -> None:
    sam, dinov2 = build_embedded_sam(seed=1), build_embedded_dinov2(seed=2)
    start_from_sam(dinov2, sam)
    source = sam.vision_encoder
    pixels = torch.randn(1, 3, 256, 256)
    with torch.no_grad():
        placed = source.patch_embed(pixels) + source.pos_embed
        assert torch.allclose(dinov2.embeddings(pixels)[:, 1:], placed.flatten(1, 2), atol=1e-5)
        for index in sam.config.vision_config.global_attn_indexes:
            whole = source.layers[index](placed)
            whole = whole[0] if isinstance(whole, tuple) else whole
            opened = dinov2.encoder.layer[index](placed.flatten(1, 2))
            opened = opened[0] if isinstance(opened, tuple) else opened
            assert torch.allclose(opened, whole.flatten(1, 2), atol=1e-4)


def test_the_stage_leaves_an_encoder_that_loads(scenes: SceneFolder, tmp_path: Path) -> None:
    recipe = RecognitionRecipe(
        steps=2, batch_size=1, warmup_steps=0, decay_steps=1, kept_patches=64, whole_steps=1
    )
    sam = build_embedded_sam()
    encoder, projection = train_recognition(scenes, sam, tmp_path, recipe, seed=0)
    loaded = Dinov2Model.from_pretrained(tmp_path / "dinov2", local_files_only=True)
    for name, value in encoder.model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    stored = load_file(tmp_path / "mask_projection.safetensors")
    assert torch.equal(stored["weight"], projection.weight)
    assert torch.equal(stored["bias"], projection.bias)
