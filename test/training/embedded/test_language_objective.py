# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.prompts import ANSWERS
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.language_objective import (
    InstructionDataset,
    LanguageModel,
    LanguageObjective,
    collate_instructions,
)
from llmseg_training.embedded.selection_objective import SelectionModel
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan


@pytest.fixture
def model(fresh_parts: ModelParts) -> LanguageModel:
    encoder = SegTokenEncoder(
        fresh_parts.llava, fresh_parts.tokenizer, fresh_parts.config.seg_token
    )
    return LanguageModel(SelectionModel(encoder, MaskSelector(fresh_parts.config.selector)))


def test_instructions_are_decided_by_seed_and_index() -> None:
    data = InstructionDataset(3, 5, seed=1)
    assert len(data) == 3
    assert 1 <= len(data[0]) <= 5
    assert data[0] == InstructionDataset(3, 5, seed=1)[0]
    assert data[0] != data[1]
    assert data[0] != InstructionDataset(3, 5, seed=2)[0]
    assert all(question.phrasing == "seen" for question in data[2])


def test_both_losses_fall(model: LanguageModel, tmp_path: Path) -> None:
    recipe = TrainingRecipe(
        steps=10, batch_size=2, learning_rate=1e-2, warmup_steps=0, decay_steps=0
    )
    loop = TrainingLoop(
        LanguageObjective(model),
        InstructionDataset(20, 4, seed=0),
        collate_instructions,
        training_plan(tmp_path, recipe, seed=0, log_steps=1),
    )
    loop.train_to_end()
    logged = loop.history
    assert len(logged) == 10
    for name in ("language_loss", "meaning_loss"):
        values = [entry[name] for entry in logged]
        assert sum(values[-3:]) < 0.8 * sum(values[:3]), name
    assert logged[0]["loss"] == pytest.approx(
        logged[0]["language_loss"] + logged[0]["meaning_loss"], abs=1e-3
    )


def test_without_image_is_the_prompt_with_the_image_tokens_left_out(model: LanguageModel) -> None:
    """The language loss of one question, computed from its tokens one by one."""
    questions = collate_instructions([InstructionDataset(1, 1, seed=3)[0]]).questions
    encoder = model.model.seg_token_encoder
    tokenizer, llava = encoder.tokenizer, encoder.llava
    batch = encoder.training_batch([questions[0].instruction], [ANSWERS[0]])
    image_token = llava.config.image_token_index
    kept = [
        (token, label)
        for token, label in zip(batch.input_ids[0].tolist(), batch.labels[0].tolist(), strict=True)
        if token != image_token
    ]
    ids, labels = (torch.tensor([values]) for values in zip(*kept, strict=True))
    text = tokenizer.decode(ids[0])
    assert questions[0].instruction.lower() in text
    assert tokenizer.decode(labels[labels >= 0]).startswith(" it is [SEG].")
    with torch.no_grad():
        losses = model(questions)
        hidden = llava.model.language_model(input_ids=ids, use_cache=False).last_hidden_state
        chances = llava.lm_head(hidden)[0].log_softmax(1)
    wanted = [
        -chances[place - 1, label].item()
        for place, label in enumerate(labels[0].tolist())
        if label >= 0
    ]
    assert losses["language"].item() == pytest.approx(sum(wanted) / len(wanted), rel=1e-4)
    before_seg = ids[0].tolist().index(encoder.seg_token_id) - 1
    meaning = model.model.meaning_head(hidden[:, before_seg])
    assert losses["meaning"].item() == pytest.approx(
        model.model.meaning_loss(meaning, questions).item(), rel=1e-4
    )


def test_the_image_learns_nothing_here(model: LanguageModel) -> None:
    questions = collate_instructions([InstructionDataset(1, 4, seed=0)[0]]).questions
    losses = model(questions)
    (losses["language"] + losses["meaning"]).backward()
    llava = model.model.seg_token_encoder.llava
    assert all(p.grad is None for p in llava.model.vision_tower.parameters())
    assert all(p.grad is None for p in model.model.selector.parameters())
    assert all(p.grad is not None for p in llava.model.language_model.parameters())
