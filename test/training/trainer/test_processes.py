# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llmseg_training.trainer.plan import TrainingPlan
from llmseg_training.trainer.processes import make_accelerator, processes, use_device
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan


def plan(folder: Path) -> TrainingPlan:
    return training_plan(folder, TrainingRecipe(), seed=0)


def test_one_process_trains_on_a_gpu_if_there_is_one(tmp_path: Path) -> None:
    wanted = "cuda" if torch.cuda.is_available() else "cpu"
    assert processes().device.type == wanted
    assert make_accelerator(plan(tmp_path)).device == processes().device


def test_the_environment_does_not_decide_about_accumulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "7")
    made = make_accelerator(replace(plan(tmp_path), accumulation=3))
    assert made.gradient_accumulation_steps == 3


def test_processes_that_cannot_share_a_batch_are_told_how_many_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes(), "num_processes", 5)
    with pytest.raises(
        ValueError, match=r"batch_size is 12, 5 processes.*start one of 1, 2, 3, 4, 6, 12"
    ):
        training_plan(tmp_path, TrainingRecipe(batch_size=12), 0)


def test_zero_2_without_its_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmseg_training.trainer.processes.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"zero2 is true.*pip install deepspeed"):
        make_accelerator(replace(plan(tmp_path), zero2={}))


def test_zero_2_without_a_launcher_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmseg_training.trainer.processes.find_spec", lambda name: name)
    with pytest.raises(ValueError, match=r"zero2 is true.*start them with torchrun"):
        make_accelerator(replace(plan(tmp_path), zero2={}))


def test_a_device_that_is_not_there_is_refused() -> None:
    use_device(None)
    use_device("cpu")
    for name in ("cuda:99", "gpu"):
        with pytest.raises(ValueError, match=f"device is '{name}'"):
            use_device(name)
