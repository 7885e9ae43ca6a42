# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from helpers.tiny_model import tiny_dinov2
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_training.embedded.word_data import WordBatch
from llmseg_training.embedded.word_objective import WordModel, WordObjective

WORDS = 3


def rig() -> tuple[WordModel, WordObjective, int]:
    torch.manual_seed(0)
    encoder = Dinov2Encoder(tiny_dinov2(), 56)
    model = WordModel(encoder, nn.Linear(encoder.feature_dim, 8), WORDS)
    return model, WordObjective(model, kept=4, all_from=10), encoder.cells**2


def batch(cells: int, things: bool = True) -> WordBatch:
    words = torch.tensor([[0.0, 0, 0, 1], [0.25, 0.75, 0, 0]]) if things else torch.zeros(0, 4)
    owners = torch.full((1, cells), 0 if things else -100)
    geometry = torch.full((1, cells, 4), math.nan)
    if things:
        owners[0, 0] = 1
        geometry[0, 0] = 0.5
    return WordBatch(
        pixel_values=torch.randn(1, 3, 56, 56),
        owners=owners,
        geometry=geometry,
        order=torch.arange(cells)[None],
        inside=torch.tensor([cells]),
        weights=torch.ones(len(words), cells),
        words=words,
        image_index=torch.zeros(len(words), dtype=torch.int64),
    )


def test_heads_that_know_nothing_say_all_words_alike() -> None:
    model, objective, cells = rig()
    for head in (model.patch_head, model.thing_head, model.geometry_head):
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    loss = objective.loss(model, batch(cells), step=0)
    assert loss.parts["thing_loss"].item() == pytest.approx(math.log(4))
    assert loss.parts["patch_loss"].item() == pytest.approx(math.log(4))
    assert loss.parts["geometry_loss"].item() == pytest.approx(0.5 - 0.05)
    assert loss.parts["word_accuracy"].item() == 1  # the first word is among those that are said


def test_the_patch_of_a_thing_counts_ten_times_as_much() -> None:
    """Three patches of background and one of a thing are kept."""
    model, objective, cells = rig()
    nn.init.zeros_(model.patch_head.weight)
    with torch.no_grad():
        model.patch_head.bias.copy_(torch.tensor([0.0, 0, 0, 5]))  # "background" everywhere
    rest = math.log(3 + math.exp(5))
    wanted = (1 * rest + 0.3 * (rest - 5)) / 1.3
    loss = objective.loss(model, batch(cells), step=0)
    assert loss.parts["patch_loss"].item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("step", [0, 10])
def test_the_encoder_learns(step: int) -> None:
    model, objective, cells = rig()
    objective.loss(model, batch(cells), step).total.backward()
    grown = {name for name, each in model.named_parameters() if each.grad is not None}
    assert any("encoder.layer.0" in name for name in grown)
    assert "mask_projection.weight" in grown


def test_images_that_show_nothing_cost_nothing() -> None:
    model, objective, cells = rig()
    assert objective.loss(model, batch(cells, things=False), step=0).total.item() == 0
