# SPDX-License-Identifier: Apache-2.0
"""The packaged model's SAM learns masks of a data folder, and is a model with the rest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.folder_data import write_folder_data
from llmseg_core.cli.main import main
from llmseg_core.config import SegTokenVlmConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_training.adapter.parts import referring
from llmseg_training.embedded.prompt_data import PromptBatch
from llmseg_training.embedded.tune_sam import TuneSamRecipe, input_side, tune_sam


def test_warm_up_and_decay_keep_their_shares() -> None:
    usual = TuneSamRecipe()
    assert usual.lasting(None, None) == usual
    half = usual.lasting(200, 1e-4)
    assert (half.warmup_steps, half.decay_steps, half.learning_rate) == (10, 75, 1e-4)
    with pytest.raises(ValueError, match="steps is 0"):
        usual.lasting(0, None)


def test_the_sam_learns_and_the_rest_stays(
    tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folder_data(tmp_path / "data", 4)
    work = str(tmp_path / "w")
    command = ["train-proposals", str(data), "--model", str(model_folder), "--work", work]
    assert main([*command, "--steps", "1"]) == 0
    assert f"model directory: {tmp_path / 'w' / 'last'}" in capsys.readouterr().out
    learned, before = load_sam(tmp_path / "w" / "last"), load_sam(model_folder)
    changed = [
        name
        for (name, new), old in zip(learned.named_parameters(), before.parameters(), strict=True)
        if not torch.equal(new, old)
    ]
    assert any("vision_encoder" in name for name in changed)
    assert any("mask_decoder" in name for name in changed)
    config = load_config(tmp_path / "w" / "last")
    assert (config.sam, config.llava) == ("sam", str(model_folder / "llava"))
    LLMSegPipeline.from_pretrained(tmp_path / "w" / "last")
    assert main([*command, "--steps", "1"]) == 0  # ended already: nothing changes
    again = load_sam(tmp_path / "w" / "last")
    assert all(map(torch.equal, learned.parameters(), again.parameters()))


def test_it_learns_as_the_model_looks(
    tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With padding or, every other step, without."""
    data = write_folder_data(tmp_path / "data", 4)
    shapes: list[tuple[int, ...]] = []
    without_padding = PromptBatch.without_padding

    def watched(batch: PromptBatch, *given: Any) -> PromptBatch:
        shapes.append(tuple(batch.pixel_values.shape[2:]))
        return without_padding(batch, *given)

    monkeypatch.setattr(PromptBatch, "without_padding", watched)
    for skips in (False, True):
        model = tmp_path / f"skips {skips}"
        shutil.copytree(model_folder, model)
        text = (model / "llmseg.yaml").read_text()
        said = f"proposals:\n  skip_padding: {str(skips).lower()}\n"
        (model / "llmseg.yaml").write_text(text.replace("proposals:\n", said))
        recipe = TuneSamRecipe(steps=3, batch_size=1, warmup_steps=0, decay_steps=0)
        tune_sam(model, str(data), tmp_path / f"work {skips}", recipe)
        assert shapes == [(64, 64)] * (2 * skips)


def test_what_it_had_seen_is_said_to_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folder_data(tmp_path / "data", 4)
    command = ["train-proposals", str(data), "--model", "embedded", "--work", str(tmp_path / "w")]
    assert main([*command, "--steps", "1"]) == 0
    assert "is left out: llmseg familiarity fit makes it anew" in capsys.readouterr().out
    assert LLMSegPipeline.from_pretrained("embedded").familiarity is not None
    assert LLMSegPipeline.from_pretrained(tmp_path / "w" / "last").familiarity is None


def test_a_sam_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a Linear of another size .* leave its proposals"):
        input_side(torch.nn.Linear(1, 1), Path("models/sam"))


def test_a_vlm_of_another_family_and_an_adapter_stay_where_they_are(
    tmp_path: Path, model_folder: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    (base / "llava").rename(base / "vlm")
    (base / "adapter").mkdir()
    (base / "adapter" / "adapter_config.json").touch()
    config = replace(load_config(base), vlm=SegTokenVlmConfig(), adapter="adapter")
    elsewhere = referring(base, config)
    assert elsewhere.vlm == SegTokenVlmConfig(str(base / "vlm"))
    assert (elsewhere.adapter, elsewhere.sam) == (str(base / "adapter"), str(base / "sam"))
    assert elsewhere.selection == config.selection
