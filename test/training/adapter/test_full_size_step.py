# SPDX-License-Identifier: Apache-2.0
"""The step that `make check-gpu` measures, on networks that a CPU can bear."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from llmseg_training.adapter.full_size_step import RECIPE, main, random_batch
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.memory import StepSize
from llmseg_training.adapter.objective import AdapterObjective
from llmseg_training.adapter.parts import load_adapter_parts
from llmseg_training.adapter.train import build_model
from llmseg_training.learning.scoring import LossWeights


def test_its_batch_is_one_that_the_training_takes(model_folder: Path) -> None:
    parts = load_adapter_parts(model_folder, LoraRecipe())
    batch = random_batch(parts, StepSize(batch_size=2, questions=3, proposals=4))
    assert batch.valid.shape == (2, 4)
    assert batch.target_iou.shape == (6, 4)
    model = build_model(RECIPE, parts)
    loss = AdapterObjective(model, parts.image_encoder, LossWeights()).loss(model, batch, 0)
    assert loss.total.isfinite()
    assert set(loss.parts) == {"alignment_loss", "iop_loss", "language_loss"}


def test_it_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        main([])
    assert "a GPU of 40 GiB is needed" in capsys.readouterr().err
