# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.encoded_scene import encoded_literal_scene
from helpers.literal_scene import literal_scene
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.recognition_data import COLOUR_NAMES
from llmseg_training.embedded.selection_data import (
    QuestionDraw,
    SelectionDataset,
    proposal_sample,
)
from llmseg_training.embedded.selection_objective import (
    RELATIONS,
    SelectionModel,
    SelectionObjective,
    SelectionWeights,
    top_iou,
)
from llmseg_training.embedded.selection_scene import SelectionScene
from llmseg_training.learning.batch import ProposalBatch, ProposalSample, collate_proposals
from llmseg_training.questions import QuestionSample, generate_samples
from llmseg_training.scenes import CATEGORIES
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

STEPS = 15


@pytest.fixture
def model(fresh_parts: ModelParts) -> SelectionModel:
    encoder = SegTokenEncoder(
        fresh_parts.llava, fresh_parts.tokenizer, fresh_parts.config.seg_token
    )
    return SelectionModel(encoder, MaskSelector(fresh_parts.config.selector))


@pytest.fixture(scope="module")
def encoded(parts: ModelParts) -> list[SelectionScene]:
    """The literal scene with three proposals (mug, book, table) and with none."""
    return [encoded_literal_scene(parts), encoded_literal_scene(parts, 0)]


def batch_of(
    scenes: list[SelectionScene], questions: list[QuestionSample] | None = None
) -> ProposalBatch:
    """Four questions an image, or the same `questions` about each."""
    asked = questions or generate_samples(
        literal_scene().objects, np.random.default_rng(0), "train", 4
    )
    answers = ["[SEG]."] * len(asked)
    return collate_proposals([proposal_sample(scene, asked, answers) for scene in scenes])


def loop(
    model: SelectionModel, folder: Path, scenes: list[SelectionScene]
) -> TrainingLoop[ProposalSample, ProposalBatch]:
    recipe = TrainingRecipe(
        steps=STEPS, batch_size=2, learning_rate=1e-2, warmup_steps=0, decay_steps=0
    )
    return TrainingLoop(
        SelectionObjective(model, SelectionWeights()),
        SelectionDataset(scenes, QuestionDraw("train", 4), seed=0),
        collate_proposals,
        training_plan(folder, recipe, seed=0, log_steps=1),
    )


def absent() -> list[QuestionSample]:
    """Two questions that nothing in the scene answers."""
    question = QuestionSample("the fork", "category", (), "seen", ("fork",), None, None, None, "x")
    return [question, replace(question, instruction="the banana", target_categories=("banana",))]


def test_every_loss_falls(
    model: SelectionModel, encoded: list[SelectionScene], tmp_path: Path
) -> None:
    made = loop(model, tmp_path, [encoded[0]] * 4)
    made.train_to_end()
    logged = made.history
    assert len(logged) == STEPS
    for name in ("alignment_loss", "iop_loss", "language_loss", "meaning_loss"):
        values = [entry[name] for entry in logged]
        assert sum(values[-3:]) < 0.9 * sum(values[:3]), name
    first = logged[0]
    total = (
        first["alignment_loss"]
        + 50 * first["iop_loss"]
        + first["language_loss"]
        + first["meaning_loss"]
    )
    assert first["loss"] == pytest.approx(total, abs=0.01)
    assert 0 <= first["top_iou"] <= 1


@pytest.mark.parametrize(("step", "learns"), [(0, False), (2, False), (3, True)])
def test_the_vlm_learns_from_a_step_on(
    model: SelectionModel, encoded: list[SelectionScene], step: int, learns: bool
) -> None:
    objective = SelectionObjective(model, SelectionWeights(), vlm_from=3)
    objective.loss(model, batch_of(encoded), step).total.backward()
    vlm = model.seg_token_encoder.parameters()
    assert any(parameter.grad is not None for parameter in vlm) is learns
    assert all(p.grad is not None for p in model.selector.seg_projection.parameters())


@pytest.mark.parametrize("case", ["one image without proposals", "none at all", "no target"])
def test_losses_and_gradients_stay_finite(
    model: SelectionModel, encoded: list[SelectionScene], case: str
) -> None:
    batch = {
        "one image without proposals": lambda: batch_of(encoded),
        "none at all": lambda: batch_of(encoded[1:]),
        "no target": lambda: batch_of(encoded[:1], absent()),
    }[case]()
    out = model.train()(batch)
    cost = SelectionObjective(model, SelectionWeights()).loss(model, batch, 0)
    cost.total.backward()
    assert cost.total.isfinite()
    assert ("top_iou" in cost.parts) is (case == "one image without proposals")
    assert out.iou_score.shape == out.iop.shape == batch.target_iou.shape
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("untouched", [False, True])
def test_what_nothing_fits_may_count_in_the_ranking(
    model: SelectionModel, encoded: list[SelectionScene], untouched: bool
) -> None:
    batch = batch_of(encoded[:1], absent())
    cost = SelectionObjective(model, SelectionWeights(), untouched=untouched).loss(model, batch, 0)
    assert bool(cost.parts["alignment_loss"] > 0) is untouched


def test_an_image_without_proposals_changes_nothing_for_the_others(
    model: SelectionModel, encoded: list[SelectionScene]
) -> None:
    model.eval()
    with torch.no_grad():
        alone, both = model(batch_of(encoded[:1])), model(batch_of(encoded))
    count = len(alone.iop)
    assert torch.allclose(both.iop[:count], alone.iop, atol=1e-5)
    assert torch.allclose(both.iou_score[:count], alone.iou_score, atol=1e-5)


def test_training_scores_what_inference_scores(
    model: SelectionModel, encoded: list[SelectionScene]
) -> None:
    model.eval()
    batch = batch_of(encoded[:1])
    with torch.no_grad():
        out = model(batch)
        encoder = model.seg_token_encoder
        prefix = encoder.encode_image(literal_scene().image)
        hidden = encoder.encode_instructions(prefix, batch.questions)
        images = batch.image_index
        iou_score, iop = model.selector(batch.features[images], batch.boxes_rel[images], hidden)
    # The stored pixels are half as precise.
    assert torch.allclose(out.iop, iop, atol=2e-3)
    assert torch.allclose(out.iou_score, iou_score, atol=2e-3)


def test_the_meaning_is_category_colour_and_relation(model: SelectionModel) -> None:
    question = QuestionSample(
        "what is left of the red mug", "relation", (2,), "seen", ("mug",), "red", "left_of", 1, "x"
    )
    plain = replace(question, target_categories=(), target_colour=None, relation=None)
    categories, colours, relations = list(CATEGORIES), list(COLOUR_NAMES), list(RELATIONS)
    assert model.sizes == (len(categories), len(colours) + 1, len(relations) + 1)

    right = torch.full((2, sum(model.sizes)), -20.0)
    right[0, categories.index("mug")] = 20
    right[0, len(categories) + colours.index("red")] = 20
    right[0, len(categories) + len(colours) + 1 + relations.index("left_of")] = 20
    right[1, len(categories) + len(colours)] = 20  # no colour
    right[1, -1] = 20  # no relation
    assert model.meaning_loss(right, (question, plain)).item() < 1e-4
    wrong = right.clone()
    wrong[0, categories.index("mug")] = -20
    category_error = 5 * 20 / (2 * len(categories))
    assert model.meaning_loss(wrong, (question, plain)).item() == pytest.approx(
        category_error, rel=1e-3
    )


def test_every_meaning_that_can_be_asked_has_a_place(model: SelectionModel) -> None:
    scene = literal_scene()
    for seed in range(30):
        samples = generate_samples(scene.objects, np.random.default_rng(seed), "train", 8)
        logits = torch.zeros(len(samples), sum(model.sizes))
        assert model.meaning_loss(logits, tuple(samples)).isfinite()


def test_the_best_ranked_proposal_counts() -> None:
    score = torch.tensor([[0.1, 0.9, 0.95], [0.5, 0.2, 0.1]])
    iou = torch.tensor([[0.3, 0.6, 1.0], [0.0, 1.0, 0.0]])
    valid = torch.tensor([[True, True, False], [True, True, True]])
    assert top_iou(score, iou, valid).tolist() == pytest.approx([0.6, 0])
