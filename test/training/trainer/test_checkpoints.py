# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from llmseg_training.trainer.checkpoints import (
    begin_checkpoint,
    end_checkpoint,
    last_checkpoint,
    random_state,
    refuse_obstacles,
    remove_unfinished,
    set_random_state,
    step_of,
)
from llmseg_training.trainer.plan import TrainingPlan
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan


def write(folder: Path, *steps: int) -> None:
    for step in steps:
        path = begin_checkpoint(folder, step, make=True)
        (path / "model.safetensors").write_bytes(b"weights")
        end_checkpoint(path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plan(folder: Path) -> TrainingPlan:
    recipe = TrainingRecipe(steps=11, warmup_steps=0, decay_steps=0, save_steps=3)
    return training_plan(folder, recipe, seed=0)


def test_nothing_to_resume_from(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    assert last_checkpoint(tmp_path / "missing") is None


def test_the_newest_is_that_of_the_most_steps(tmp_path: Path) -> None:
    write(tmp_path, 10, 9)
    newest = last_checkpoint(tmp_path)
    assert newest == tmp_path / "checkpoint-10"
    assert step_of(newest) == 10


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    write(tmp_path, 8, 9, 10, 11)
    assert names(tmp_path) == ["checkpoint-10", "checkpoint-11"]


def test_its_files_are_for_whom_the_folder_is(tmp_path: Path) -> None:
    path = begin_checkpoint(tmp_path, 3, make=True)
    save_file({"weight": torch.zeros(1)}, path / "model.safetensors")  # a private file
    end_checkpoint(path)
    done = tmp_path / "checkpoint-3"
    wanted = stat.S_IMODE(done.stat().st_mode) & 0o666
    assert {stat.S_IMODE(file.stat().st_mode) for file in done.iterdir()} == {wanted}


def test_one_that_is_being_written_is_none(tmp_path: Path) -> None:
    write(tmp_path, 3)
    begin_checkpoint(tmp_path, 6, make=True)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"


def test_what_a_crash_left_behind_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, 3)
    (begin_checkpoint(tmp_path, 6, make=True) / "model.safetensors").write_bytes(b"torn")
    others = ("checkpoint-500", "checkpoint-best", "checkpoint-7-old", "checkpoint-x.unfinished")
    for name in others:  # another program's, which know no mark
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"other")
    (tmp_path / "checkpoint-notes.txt").write_text("what I saw")
    remove_unfinished(tmp_path)
    assert names(tmp_path) == sorted(["checkpoint-3", "checkpoint-notes.txt", *others])
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"


def test_older_checkpoints_of_others_outlive_ours(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-1").mkdir()
    write(tmp_path, 3, 6, 9)
    assert names(tmp_path) == ["checkpoint-1", "checkpoint-6", "checkpoint-9"]


@pytest.mark.parametrize(("step", "is_in_the_way"), [(6, True), (11, True), (7, False), (3, False)])
def test_what_is_in_the_way_of_a_checkpoint_is_named_at_once(
    tmp_path: Path, step: int, is_in_the_way: bool
) -> None:
    write(tmp_path, 3)
    other = tmp_path / f"checkpoint-{step}"
    other.mkdir(exist_ok=True)
    if not is_in_the_way:
        refuse_obstacles(plan(tmp_path))
        return
    with pytest.raises(ValueError, match=rf"checkpoint-{step} is in the way.*'complete'.*Move it"):
        refuse_obstacles(plan(tmp_path))
    refuse_obstacles(replace(plan(tmp_path), folder=tmp_path / "elsewhere"))
    assert other.exists()


def test_chance_goes_on_where_it_stood(tmp_path: Path) -> None:
    def draws() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    torch.save(random_state(), tmp_path / "state.pth")
    wanted = draws()
    assert draws() != wanted
    set_random_state(tmp_path / "state.pth")
    assert draws() == wanted
