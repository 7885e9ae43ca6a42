# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helpers.literal_scene import literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_core.config import ProposalConfig
from llmseg_core.proposals.refined_sam import RefinedSamModel, with_refiner
from llmseg_training.embedded import train_mask_iou
from llmseg_training.embedded.prompt_data import PromptDataset, collate_prompts
from llmseg_training.embedded.train_refiner import (
    RefinerObjective,
    RefinerRecipe,
    RefinerTrainingModel,
    train_refiner,
)
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

STEPS = 30


@pytest.fixture(autouse=True)
def every_mask_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a SAM with random weights draws shows nothing."""
    monkeypatch.setattr("llmseg_training.embedded.train_refiner.LEAST_IOU", 0.0)


def data(sharpness: int = 1) -> PromptDataset:
    return PromptDataset(
        [literal_scene()], 64, 8, False, 0, stretched=False, cell=1, sharpness=sharpness
    )


def test_masks_get_better_and_sam_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sam = with_refiner(tiny_sam(), 8)
    before = {name: weight.clone() for name, weight in sam.state_dict().items()}
    recipe = TrainingRecipe(
        steps=STEPS, batch_size=1, learning_rate=3e-3, warmup_steps=0, decay_steps=0
    )
    loop = TrainingLoop(
        RefinerObjective(RefinerTrainingModel(sam)), data(), collate_prompts,
        training_plan(tmp_path, recipe, seed=0, log_steps=1),
    )  # fmt: skip
    loop.train_to_end()
    for name, most in (("mask_loss", 0.9), ("iou_loss", 1.0)):
        values = [entry[name] for entry in loop.history]
        assert sum(values[-5:]) < most * sum(values[:5]), name
    last = loop.history[-1]
    assert last["iou_refined"] > last["iou_before"]
    for name, weight in sam.state_dict().items():
        assert torch.equal(weight, before[name]) != name.startswith("refiner."), name


@pytest.mark.parametrize("sharpness", [1, 2])
def test_targets_are_where_the_windows_are(sharpness: int) -> None:
    batch = collate_prompts([data(sharpness)[0]])
    out = RefinerTrainingModel(with_refiner(tiny_sam(), 8, sharpness))(
        batch.sharp, batch.pixel_values, batch.points, batch.masks
    )
    side = 64 * sharpness
    assert batch.sharp.shape == (1, 3, side, side)
    assert batch.masks.shape == (1, 8, side, side)
    assert out["logits"].shape == out["targets"].shape == (8, 64, 64)
    assert ((out["true_iou"] >= 0) & (out["true_iou"] <= 1)).all()
    # nothing was refined yet, so both measure the same masks, by finer and coarser cells
    assert (out["true_iou"] - out["sam_iou"]).abs().max() < 0.15


@pytest.mark.parametrize("sharpness", [1, 2])
def test_sam_may_draw_without_padding(sharpness: int) -> None:
    """The refiner sees all of the input, as in everything mode, and the masks are of part of it."""
    scene = literal_scene()
    wide = replace(scene, image=scene.image[12:44], instances=scene.instances[12:44])
    data = PromptDataset([wide], 64, 8, False, 0, stretched=False, cell=1, sharpness=sharpness)
    batch = collate_prompts([data[0]])
    model = RefinerTrainingModel(with_refiner(tiny_sam(), 8, sharpness))
    seen: list[tuple[int, ...]] = []

    def watched(*given: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.extend(tuple(values.shape[2:]) for values in given[:2])
        return model(*given)

    loss = RefinerObjective(model, skip_padding=True).loss(watched, batch, 0)  # type: ignore[arg-type]
    assert loss.total.isfinite()
    assert seen == [(64 * sharpness, 64 * sharpness), (32, 64)]


def test_a_refiner_is_written_beside_sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_mask_iou, "STEPS", 20)
    everything = ProposalConfig(
        points_per_side=4, pred_iou_thresh=-100.0, stability_score_thresh=0.0, skip_padding=True
    )
    recipe = RefinerRecipe(
        steps=2, batch_size=1, warmup_steps=0, decay_steps=0, width=8, points=2, recoloured=0.5,
        sharpness=2, passes=2, iou_dim=8, iou_scenes=1,
    )  # fmt: skip
    made = train_refiner(tiny_sam(), [literal_scene()], tmp_path, recipe, 0, everything)
    again = RefinedSamModel.from_pretrained(tmp_path / "sam")
    for name, weight in made.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    assert made.refiner.leave.weight.any()
    refiner = made.refiner
    assert (refiner.sharpness, refiner.passes, refiner.iou_dim) == (2, 2, 8)
    other = train_refiner(made, [literal_scene()], tmp_path / "anew", recipe, 0, everything)
    for name, weight in made.refiner.state_dict().items():
        assert torch.equal(other.refiner.state_dict()[name], weight), name
