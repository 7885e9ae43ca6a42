# SPDX-License-Identifier: Apache-2.0
"""Training in two processes that exchange gradients (gloo), killed on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor

from helpers.commands import LAUNCH, run_in_two_processes
from helpers.folder_data import write_folder_data
from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_training.adapter.directory import stored_scores
from llmseg_training.adapter.recipe import AdapterRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import open_data
from llmseg_training.embedded.stages import STAGES
from llmseg_training.proposals.write import write_proposals

TRAIN = "llmseg_training.commands.train:TRAIN"
KILL = """
import os, signal
from llmseg_training.adapter.objective import AdapterObjective
loss = AdapterObjective.loss
def dies(self, model, batch, step):
    if step == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss(self, model, batch, step)
AdapterObjective.loss = dies
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> AdapterRecipe:
    root = tmp_path_factory.mktemp("place")
    config = load_config(model_folder).proposals
    generator = SamProposalGenerator(load_sam(model_folder), config)
    for name, images, first in (("train", 6, 0), ("val", 3, 10)):
        data = open_data(write_folder_data(root / name, images, first))
        write_proposals(generator, data, root / f"{name}_proposals", config=config)
    return AdapterRecipe(
        model=str(model_folder),
        data=str(root / "train"),
        proposals=str(root / "train_proposals"),
        validation=str(root / "val"),
        validation_proposals=str(root / "val_proposals"),
        steps=20,
        accumulation=2,
        learning_rate=5e-3,
        warmup_steps=4,
        precision="float32",
        workers=1,
        validate_steps=10,
        save_steps=5,
    )


EMBEDDED = {
    "scenes": {
        "train": 8,
        "val": 2,
        "test": 1,
        "proposals": 8,
        "width": 160,
        "height": 120,
    },
    "sam": {"steps": 2, "batch_size": 4, "warmup_steps": 1, "decay_steps": 1},
    "refiner": {"steps": 2, "batch_size": 2, "warmup_steps": 1, "decay_steps": 1},
    "proposals": {
        "points_per_side": 4,
        "pred_iou_thresh": -100.0,
        "stability_score_thresh": 0.0,
        "box_nms_thresh": 1.0,
        "refine": True,
    },
    "recognition": {
        "steps": 2,
        "batch_size": 4,
        "warmup_steps": 1,
        "decay_steps": 1,
        "whole_steps": 1,
    },
    "language": {"steps": 2, "batch_size": 2, "warmup_steps": 1, "decay_steps": 1, "corpus": 200},
    "selection": {
        "steps": 4,
        "batch_size": 4,
        "warmup_steps": 1,
        "decay_steps": 1,
        "vlm_from": 2,
    },
    "ship": {"scenes": 2, "questions": 3, "no_target_accuracy": 0},
}


def weights(directory: Path) -> dict[str, Tensor]:
    return {
        **load_file(directory / "adapter" / "adapter_model.safetensors"),
        **load_file(directory / "selector.safetensors"),
    }


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name, value in one.items() if not torch.equal(value, other[name])] == []


def test_a_killed_training_of_two_processes_ends_with_the_same_weights(
    recipe: AdapterRecipe, tmp_path: Path
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe.to_dict()))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run_in_two_processes(tmp_path, TRAIN, file, "--work", whole)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"model directory: {whole / 'best'}") == 1

    died = run_in_two_processes(tmp_path, TRAIN, file, "--work", killed, before=KILL)
    assert died.returncode != 0
    assert "SIGKILL" in died.stderr
    assert not (killed / "last").exists()
    assert (killed / "checkpoint-10" / "complete").exists()
    assert not (killed / "checkpoint-15").exists()
    done = run_in_two_processes(tmp_path, TRAIN, file, "--work", killed)
    assert done.returncode == 0, done.stderr

    for name in ("best", "last"):
        assert_same(weights(killed / name), weights(whole / name))
    assert_same(
        load_file(killed / "checkpoint-20" / "model.safetensors"),
        load_file(whole / "checkpoint-20" / "model.safetensors"),
    )
    LLMSegPipeline.from_pretrained(killed / "best")


def test_two_processes_learn_as_one_with_twice_the_accumulation(
    recipe: AdapterRecipe, tmp_path: Path
) -> None:
    """The same samples a step, without the chance of dropout."""
    calm = replace(
        recipe, steps=3, warmup_steps=1, validation=None, lora=replace(recipe.lora, dropout=0.0)
    )
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(calm.to_dict()))
    done = run_in_two_processes(tmp_path, TRAIN, file, "--work", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    train_adapter(replace(calm, accumulation=4), tmp_path / "one")
    states = [tmp_path / name / "checkpoint-3" / "trainer_state.json" for name in ("two", "one")]
    first, other = (json.loads(file.read_text())["log_history"][0] for file in states)
    assert first == pytest.approx(other, rel=1e-4)  # means over both processes
    two, one = weights(tmp_path / "two" / "last"), weights(tmp_path / "one" / "last")
    before = load_file(Path(recipe.model) / "selector.safetensors")
    for name, value in two.items():  # Adam makes rounding of small gradients larger
        assert torch.allclose(value, one[name], atol=1e-3), name
    moved, apart = (
        sum(float((two[name] - other[name]).square().sum()) for name in before) ** 0.5
        for other in (before, one)
    )
    assert apart < 0.003 * moved  # 0.0003 as seen


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_zero_2_learns_and_validates_as_without_it(
    recipe: AdapterRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    """In bfloat16 what learns is rounded at every step, so that only losses are compared."""
    pytest.importorskip("deepspeed")
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    calm = replace(
        recipe,
        steps=8,
        warmup_steps=1,
        validate_steps=4,
        log_steps=1,
        precision=precision,
        lora=replace(recipe.lora, dropout=0.0),
    )
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(calm.to_dict()))
    losses = []
    for name, zero2 in (("shared", "true"), ("whole", "false")):
        done = run_in_two_processes(
            tmp_path, TRAIN, file, "--work", tmp_path / name, "--set", f"zero2={zero2}"
        )
        assert done.returncode == 0, done.stderr
        state = json.loads((tmp_path / name / "checkpoint-8" / "trainer_state.json").read_text())
        losses.append([entry["loss"] for entry in state["log_history"] if "loss" in entry])
    assert len(losses[0]) == 8
    assert losses[0][-1] < 0.8 * losses[0][0]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3 if precision == "float32" else 0.05)
    shared, whole = (weights(tmp_path / name / "last") for name in ("shared", "whole"))
    if precision == "float32":
        for key, value in shared.items():
            assert torch.allclose(value, whole[key], atol=1e-3), key
    assert stored_scores(tmp_path / "shared" / "best") is not None
    LLMSegPipeline.from_pretrained(tmp_path / "shared" / "best")

    for step in (5, 8):  # an interruption before the last checkpoint
        assert (tmp_path / "shared" / f"checkpoint-{step}" / "complete").exists()
    shutil.rmtree(tmp_path / "shared" / "checkpoint-8")
    done = run_in_two_processes(
        tmp_path, TRAIN, file, "--work", tmp_path / "shared", "--set", "zero2=true"
    )
    assert done.returncode == 0, done.stderr
    assert_same(weights(tmp_path / "shared" / "last"), shared)


@pytest.mark.parametrize("start", ["nothing", "embedded"])
def test_two_processes_train_the_embedded_model(start: str, tmp_path: Path) -> None:
    file, out = tmp_path / "recipe.yaml", tmp_path / "model"
    file.write_text(yaml.safe_dump(EMBEDDED))
    command = [*LAUNCH, "-m", "llmseg_training.embedded", "--recipe", str(file)]
    command += ["--work", str(tmp_path), "--out", str(out), "--workers", "1"]
    command += [] if start == "nothing" else ["--reuse", start]
    for stage in STAGES[: STAGES.index("calibrate")]:  # which takes more scenes, in one process
        command += ["--stage", stage]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("stage selection") == 1
    LLMSegPipeline.from_pretrained(out)
    parts = sorted(path.name for path in (tmp_path / "proposals").glob("features*.pt"))
    assert parts == ["features.0-of-2.pt", "features.1-of-2.pt"]
