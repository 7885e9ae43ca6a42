# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.encoded_scene import encoded_literal_scene
from helpers.literal_scene import literal_scene
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.heard_questions import HeardPass
from llmseg_training.embedded.selection_data import proposal_sample
from llmseg_training.embedded.selection_objective import (
    SelectionModel,
    SelectionObjective,
    SelectionWeights,
)
from llmseg_training.embedded.selector_objective import (
    HeardDataset,
    HeardSample,
    ListeningSelector,
    SelectorObjective,
    collate_heard,
)
from llmseg_training.learning.batch import collate_proposals
from llmseg_training.learning.scoring import LossWeights
from llmseg_training.questions import generate_samples


@pytest.fixture
def model(fresh_parts: ModelParts) -> SelectionModel:
    encoder = SegTokenEncoder(
        fresh_parts.llava, fresh_parts.tokenizer, fresh_parts.config.seg_token
    )
    return SelectionModel(encoder, MaskSelector(fresh_parts.config.selector))


@pytest.mark.parametrize("untouched", [False, True])
def test_the_losses_are_those_of_both_together(
    model: SelectionModel, parts: ModelParts, untouched: bool
) -> None:
    rng = np.random.default_rng(1)
    asked = generate_samples(literal_scene().objects, rng, "train", 6, absent_share=0.3)
    assert any(question.target_ids for question in asked)
    assert not all(question.target_ids for question in asked)
    scenes = [encoded_literal_scene(parts), encoded_literal_scene(parts, 2)]
    samples = [proposal_sample(scene, asked, ["[SEG]."] * len(asked)) for scene in scenes]
    both = SelectionObjective(model, SelectionWeights(), untouched=untouched)
    batch = collate_proposals(samples)
    out, wanted = model(batch), both.loss(model, batch, 0).parts
    heard = collate_heard(
        [
            HeardSample(
                sample.features, sample.boxes_rel, hidden, sample.target_iou, sample.target_iop
            )
            for sample, hidden in zip(samples, out.hidden.detach().chunk(2), strict=True)
        ]
    )
    alone = ListeningSelector(model.selector)
    cost = SelectorObjective(alone, LossWeights(), untouched).loss(alone, heard, 0)
    for name, value in cost.parts.items():
        torch.testing.assert_close(value, wanted[name])
    assert set(cost.parts) == {"alignment_loss", "iop_loss", "top_iou"}
    total = wanted["alignment_loss"] + 50 * wanted["iop_loss"]
    torch.testing.assert_close(cost.total, total)


def test_passes_take_turns_and_a_mirror_shows_the_other_side(parts: ModelParts) -> None:
    scene = encoded_literal_scene(parts)
    width = literal_scene().image.shape[1]
    passes = [
        HeardPass(
            mirrored=torch.tensor([flip, flip]),
            ends=torch.tensor([0, 1]),
            hidden=torch.full((1, 24), value, dtype=torch.float16),
            wanted=torch.tensor([0b10]),
        )
        for flip, value in ((False, 1.0), (True, 2.0))
    ]
    data = HeardDataset([scene, scene], passes, seed=0, width=width)
    assert len(data) == 2
    assert data[0].target_iou.shape == (0, len(data[0].boxes_rel))  # nothing was asked of it
    kept = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        sample = data[1]
        assert sample.hidden.unique().tolist() == [1 + epoch % 2]
        kept.add(len(sample.boxes_rel))
        for box, iou, iop in zip(
            sample.boxes_rel, sample.target_iou[0], sample.target_iop[0], strict=True
        ):
            own = scene.boxes.clone()
            if epoch % 2:
                own[:, 0] = 1 - own[:, 0]
            place = int((own - box).abs().sum(1).argmin())
            assert torch.equal(own[place], box)
            assert (iou, iop) == ((1, 1) if place == 1 else (0, 0))  # the book is asked for
    assert len(kept) > 1  # some proposals are missing now and then


def test_images_without_proposals_or_questions_cost_nothing(model: SelectionModel) -> None:
    width = model.selector.config
    empty = HeardSample(
        torch.zeros(0, width.feature_dim),
        torch.zeros(0, 4),
        torch.zeros(2, width.hidden_dim),
        torch.zeros(2, 0),
        torch.zeros(2, 0),
    )
    alone = ListeningSelector(model.selector)
    cost = SelectorObjective(alone, LossWeights(), True).loss(alone, collate_heard([empty]), 0)
    cost.total.backward()
    assert cost.total == 0
    assert all(p.grad is None or p.grad.isfinite().all() for p in alone.parameters())
