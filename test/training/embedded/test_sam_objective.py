# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import SamModel

from helpers.literal_scene import literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_training.embedded.sam_data import SamBatch, SamDataset, SamSample, collate_sam
from llmseg_training.embedded.sam_objective import SamObjective, SamTrainingModel, dense_loss
from llmseg_training.embedded.train_sam import SamRecipe, train_sam
from llmseg_training.scenes import SceneFolder
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

STEPS = 12


@pytest.fixture
def loop(tmp_path: Path) -> TrainingLoop[SamSample, SamBatch]:
    """One image, eight new prompts at each step."""
    recipe = TrainingRecipe(
        steps=STEPS, batch_size=1, learning_rate=3e-3, warmup_steps=0, decay_steps=0
    )
    return TrainingLoop(
        SamObjective(SamTrainingModel(tiny_sam())),
        SamDataset([literal_scene()], 64, points=8, augment=False, seed=0),
        collate_sam,
        training_plan(tmp_path, recipe, seed=0, log_steps=1),
    )


def test_the_loss_falls(loop: TrainingLoop[SamSample, SamBatch]) -> None:
    loop.train_to_end()
    logged = loop.history
    assert len(logged) == STEPS
    for name in ("mask_loss", "dense_loss"):
        values = [entry[name] for entry in logged]
        assert sum(values[-3:]) < 0.8 * sum(values[:3]), name
    last = logged[-1]
    assert last["loss"] == pytest.approx(last["mask_loss"] + last["dense_loss"], abs=1e-3)
    assert 0 <= last["best_of_3_iou"] <= 1


def test_gradients_reach_every_part(loop: TrainingLoop[SamSample, SamBatch]) -> None:
    model = loop.objective.model.train()
    loop.objective.loss(model, collate_sam([loop.data[0]]), 0).total.backward()
    sam = model.sam
    for part in (sam.vision_encoder, sam.prompt_encoder.point_embed, sam.mask_decoder):
        gradients = [p.grad for p in part.parameters() if p.grad is not None]
        assert gradients
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
    assert all(p.grad is not None and p.grad.any() for p in model.dense_head.parameters())


def test_training_sees_what_inference_sees() -> None:
    model = SamTrainingModel(tiny_sam())
    batch = collate_sam([SamDataset([literal_scene()], 64, 3, augment=False, seed=0)[0]])
    with torch.no_grad():
        out = model(batch.pixel_values, batch.points)
        whole = model.sam(pixel_values=batch.pixel_values, input_points=batch.points[:, :, None])
    assert torch.allclose(out["iou"], whole.iou_scores, atol=1e-4)
    assert torch.allclose(out["logits"], whole.pred_masks, atol=1e-3)


def test_dense_loss_of_the_truth_is_near_zero() -> None:
    target = torch.zeros(1, 4, 4, 4)
    target[0, 0, :2] = 1
    target[0, 1, 2:] = 1
    target[0, 2:, :2] = 0.7
    right = target.clone()
    right[:, :2] = (target[:, :2] - 0.5) * 40
    assert dense_loss(right, target).item() < 1e-6
    right[0, 2:, 2:] = 9  # offsets outside objects are free
    assert dense_loss(right, target).item() < 1e-6
    right[0, 2:, :2] += 1
    assert dense_loss(right, target).item() == pytest.approx(16 / 17)
    assert dense_loss(torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2)).isfinite()


def test_the_stage_leaves_a_sam_that_loads(scenes: SceneFolder, tmp_path: Path) -> None:
    recipe = SamRecipe(steps=2, batch_size=1, points=2, warmup_steps=0, decay_steps=1)
    trained = train_sam(scenes, tmp_path, recipe, seed=0)
    loaded = SamModel.from_pretrained(tmp_path / "sam", local_files_only=True)
    for name, value in trained.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert (tmp_path / "checkpoint-2" / "complete").exists()
    again = train_sam(scenes, tmp_path, recipe, seed=0)
    for name, value in again.state_dict().items():
        assert torch.equal(value, trained.state_dict()[name]), name
