# SPDX-License-Identifier: Apache-2.0
"""A small SAM or SAM 2 learns from points, boxes and its own masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, Sam2Config, Sam2Model

from helpers.literal_scene import BOOK_BOX, MUG_BOX, literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_core.model_dir.small_sam2 import build_embedded_sam2, random_sam2
from llmseg_core.proposals.sam_decoder import SamPointDecoder
from llmseg_core.proposals.sam_encoder import SamImageEncoder
from llmseg_training.embedded.prompt_data import PromptDataset, collate_prompts
from llmseg_training.embedded.prompt_objective import PromptObjective, PromptTrainingModel
from llmseg_training.embedded.sam_data import MASK_CELL
from llmseg_training.embedded.train_sam import SamRecipe, learn_masks, train_sam
from llmseg_training.learning.mask_losses import edge_weights, mask_bce, point_prompt_loss
from llmseg_training.scenes import SceneFolder
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

SIZE, STEPS = 64, 12


def tiny_sam2() -> Sam2Model:
    widths = (8, 16, 32, 64)
    config = Sam2Config(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 8, "image_size": [SIZE, SIZE],
                "patch_stride": [2, 2], "window_positional_embedding_background_size": [4, 4],
                "blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": list(widths),
                "window_size_per_stage": [8, 8, 8, 8], "global_attention_blocks": [3],
            },
            "backbone_channel_list": list(widths[::-1]),
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIZE, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16,
            "dynamic_multimask_via_stability": False,
        },
    )  # fmt: skip
    return random_sam2(config, 0)


KINDS = {"sam": tiny_sam, "sam2": tiny_sam2}


def dataset(points: int = 8, augment: bool = False, kind: str = "sam2") -> PromptDataset:
    return PromptDataset([literal_scene()], SIZE, points, augment, 0, stretched=kind == "sam2")


def test_samples_are_stretched_to_the_square() -> None:
    scene = literal_scene()
    height, width = scene.instances.shape
    sample = dataset(points=40)[0]
    assert sample.pixel_values.shape == (3, SIZE, SIZE)
    assert sample.masks.shape == (40, SIZE // MASK_CELL, SIZE // MASK_CELL)
    for point, box, mask in zip(sample.points, sample.boxes, sample.masks, strict=True):
        x, y = ((point + 0.5) / SIZE * torch.tensor([width, height])).int().tolist()
        number = scene.instances[y, x]
        share = float((scene.instances == number).mean())
        assert float(mask.mean()) == pytest.approx(share, abs=0.002)  # stretching keeps shares
        assert (box[2:] > box[:2]).all()
        if number not in (1, 2):
            continue
        true = torch.tensor({1: MUG_BOX, 2: BOOK_BOX}[number], dtype=torch.float32)
        true = true * torch.tensor([SIZE / width, SIZE / height]).repeat(2)
        size = (true[2:] - true[:2]).repeat(2)
        assert ((box - true).abs() <= 0.2 * size + 1e-3).all()


def test_padding_holds_nothing() -> None:
    scene, sample = literal_scene(), dataset(points=40, kind="sam")[0]
    rows = round(scene.instances.shape[0] / scene.instances.shape[1] * SIZE)
    assert not sample.masks[:, -(-rows // MASK_CELL) :].any()
    assert not sample.dense[:, -(-rows // MASK_CELL) :].any()
    for point, mask in zip(sample.points, sample.masks, strict=True):
        x, y = (point / MASK_CELL).int().tolist()
        assert mask[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max() > 0.4
    assert (sample.boxes[:, 3] <= rows + 1).all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_training_sees_what_inference_sees(kind: str) -> None:
    model = PromptTrainingModel(KINDS[kind](), boxes=2, corrected=1)
    batch = collate_prompts([dataset(points=4, kind=kind)[0]])
    with torch.no_grad():
        out = model(batch.pixel_values, batch.points, batch.boxes, batch.masks)
        points = model.sam(batch.pixel_values, input_points=batch.points[:, :, None])
        boxes = model.sam(batch.pixel_values, input_boxes=batch.boxes[:, :2])
    assert out["logits"].shape == (4 + 2 + 1, 3, SIZE // MASK_CELL, SIZE // MASK_CELL)
    for rows, whole in ((slice(0, 4), points), (slice(4, 6), boxes)):
        assert torch.allclose(out["iou"][rows], whole.iou_scores[0], atol=1e-5)
        assert torch.allclose(out["logits"][rows], whole.pred_masks[0], atol=1e-3)
    assert torch.equal(out["targets"][4:6], batch.masks[0, :2])
    assert torch.equal(out["targets"][6], batch.masks[0, 3])


def wide_dataset(points: int = 4, cell: int = MASK_CELL) -> PromptDataset:
    """An image of half a square."""
    scene = literal_scene()
    wide = replace(scene, image=scene.image[12:44], instances=scene.instances[12:44])
    return PromptDataset([wide], SIZE, points, False, 0, stretched=False, cell=cell)


def test_every_other_step_leaves_padding_out() -> None:
    model = PromptTrainingModel(tiny_sam(), boxes=2, corrected=1)
    batch = collate_prompts([wide_dataset()[0]])
    assert batch.inside.tolist() == [[32, 64]]
    seen: list[tuple[int, ...]] = []

    def watched(*given: torch.Tensor) -> dict[str, torch.Tensor]:
        out = model(*given)
        seen.append(tuple(given[0].shape[2:]))
        assert out["logits"].shape[2:] == given[3].shape[2:] == out["targets"].shape[1:]
        return out

    objective = PromptObjective(model, skip_padding=True)
    for step in range(3):
        assert objective.loss(watched, batch, step).total.isfinite()  # type: ignore[arg-type]
    assert seen == [(32, 64), (64, 64), (32, 64)]
    seen.clear()
    PromptObjective(model).loss(watched, batch, 0)  # type: ignore[arg-type]
    assert seen == [(64, 64)]


def test_without_padding_training_sees_what_everything_mode_sees() -> None:
    model = PromptTrainingModel(tiny_sam(), boxes=0, corrected=0)
    batch = collate_prompts([wide_dataset()[0]]).without_padding(model.sam.config.vision_config)
    decoder = SamPointDecoder(model.sam)
    with torch.no_grad():
        out = model(batch.pixel_values, batch.points, batch.boxes, batch.masks)
        side = decoder.image_side(SamImageEncoder(model.sam)(batch.pixel_values)[0])
        assert torch.equal(out["iou"], decoder.decode(side, batch.points[0]).iou)
    assert batch.dense.shape == (1, 4, 16, 32)
    assert out["dense"].shape == batch.dense.shape


def test_a_correction_is_a_mask_and_a_point_where_it_is_wrong() -> None:
    model = PromptTrainingModel(tiny_sam2())
    wanted = torch.zeros(1, SIZE // MASK_CELL, SIZE // MASK_CELL)
    wanted[0, 4:9, 4:9] = 1
    drawn = torch.full((1, 3, SIZE // MASK_CELL, SIZE // MASK_CELL), -5.0)
    drawn[0, 1, 4:9, 4:8] = 5.0  # the best, which lacks a column
    asked = {}
    model._decode = lambda maps, **prompts: asked.update(prompts) or (drawn, drawn[..., 0, 0])  # type: ignore[method-assign,assignment]
    model._correct([], torch.tensor([[12.0, 12.0]]), drawn, wanted)
    assert torch.equal(asked["masks"], drawn[:, 1])
    assert asked["labels"].tolist() == [[1, 1]]
    x, y = (asked["points"][0, 1] / MASK_CELL).floor().int().tolist()
    assert x == 8
    assert 4 <= y < 9


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_loss_falls_and_gradients_reach_every_prompt(tmp_path: Path, kind: str) -> None:
    recipe = TrainingRecipe(
        steps=STEPS, batch_size=1, learning_rate=3e-3, warmup_steps=0, decay_steps=0
    )
    objective = PromptObjective(PromptTrainingModel(KINDS[kind]()))
    plan = training_plan(tmp_path, recipe, seed=0, log_steps=1)
    loop = TrainingLoop(objective, dataset(kind=kind), collate_prompts, plan)
    loop.train_to_end()
    for name in ("mask_loss", "dense_loss"):
        values = [entry[name] for entry in loop.history]
        assert sum(values[-3:]) < 0.9 * sum(values[:3]), name
    model = objective.model.train()
    objective.loss(model, collate_prompts([dataset(kind=kind)[0]]), 0).total.backward()
    sam = model.sam
    for part in (sam.vision_encoder, sam.prompt_encoder.mask_embed, sam.mask_decoder):
        gradients = [p.grad for p in part.parameters() if p.grad is not None]
        assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
    points = sam.prompt_encoder.point_embed
    kinds = [each.weight for each in points] if kind == "sam" else list(points.weight)
    rows = [weight.grad for weight in kinds] if kind == "sam" else list(points.weight.grad)
    assert len(rows) == len(kinds) == 4
    # a point inside, and both corners of a box
    assert all(row is not None and row.abs().sum() > 0 for row in rows[1:])


def test_edges_weigh_more() -> None:
    target = torch.zeros(1, 16, 16)
    target[0, :, 8:] = 1
    weights = edge_weights(target, 3.0)
    assert float(weights[0, 8, 0]) == 1
    assert float(weights[0, 8, 7]) == pytest.approx(1 + 3 * 4 * 0.4 * 0.6)
    right = (target * 2 - 1) * 4
    middle, edge = right.clone(), right.clone()
    middle[0, 8, 2] *= -1
    edge[0, 8, 7] *= -1
    plain = [float(mask_bce(each, target, 0.3)) for each in (middle, edge)]
    assert plain[0] == pytest.approx(plain[1])
    assert float(mask_bce(edge, target, 0.3, weights)) > float(
        mask_bce(middle, target, 0.3, weights)
    )
    same = torch.ones_like(target)
    assert float(mask_bce(edge, target, 0.3, same)) == pytest.approx(plain[1])
    logits, iou = torch.stack((right, edge, middle), 1), torch.zeros(1, 3)
    assert point_prompt_loss(logits, iou, target, 0.3, 3.0)[1].item() == 1


@pytest.mark.parametrize(("kind", "size"), [("sam", 320), ("sam2", 128)])
def test_the_stage_leaves_a_sam_that_loads(
    scenes: SceneFolder, tmp_path: Path, kind: str, size: int
) -> None:
    recipe = SamRecipe(
        steps=1, batch_size=1, points=2, warmup_steps=0, decay_steps=1, architecture=kind,
        image_size=size, prompts="all",
    )  # fmt: skip
    trained = train_sam(scenes, tmp_path, recipe, seed=0)
    loaded = AutoModel.from_pretrained(tmp_path / "sam", local_files_only=True)
    assert loaded.config.prompt_encoder_config.image_size == size
    for name, value in trained.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    sizes = sum(parameter.numel() for parameter in build_embedded_sam2().parameters())
    assert 0.9e6 < sizes < 1.2e6
    assert np.isfinite([float(value.sum()) for value in loaded.state_dict().values()]).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"prompts": "all", "points": 2, "boxes": 1, "corrected": 3},
            "corrected is 3, .* points = 2",
        ),
        ({"architecture": "sam2"}, "prompts is 'points', it must be \"all\""),
        ({"image_size": 300}, "image_size is 300, it must be a multiple of 64"),
        ({"prompts": "boxes"}, "prompts is 'boxes', it must be one of points, all"),
    ],
)
def test_recipes_that_cannot_be_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SamRecipe(**values)


@pytest.mark.parametrize(("kind", "prompts"), [("sam", "points"), ("sam2", "all")])
def test_what_cannot_skip_padding_is_refused(tmp_path: Path, kind: str, prompts: str) -> None:
    recipe = SamRecipe(architecture=kind, prompts=prompts)
    with pytest.raises(ValueError, match=f"skip_padding is true: .* are {kind} and {prompts}"):
        learn_masks(KINDS[kind](), [literal_scene()], tmp_path, recipe, 0, skip_padding=True)
