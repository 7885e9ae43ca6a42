# SPDX-License-Identifier: Apache-2.0
"""Old trainings that were killed half-way go on from their checkpoints to the same weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.adapter.directory import stored_scores
from llmseg_training.adapter.objective import AdapterModel
from llmseg_training.adapter.recipe import load_adapter_recipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.embedded.recipe import load_recipe
from llmseg_training.embedded.selection_objective import SelectionModel
from llmseg_training.embedded.stages import EmbeddedTraining

MODEL = Path("models/dinov2")
MOST = 3e-4
"""The same training differs by 4e-5 with other instructions of a CPU, and by 1.2e-3 if nothing but
the state of chance is lost; without Adam's state, or with a rate one step behind, by 0.15."""


@contextmanager
def counted(cls: type[nn.Module]) -> Iterator[list[int]]:
    """How often modules of a class are run: the length of the list."""
    calls: list[int] = []

    def count(module: nn.Module, arguments: Any, out: Any) -> None:
        if isinstance(module, cls):
            calls.append(1)

    hook = register_module_forward_hook(count)
    try:
        yield calls
    finally:
        hook.remove()


def difference(mine: dict[str, Tensor], old: dict[str, Tensor], before: dict[str, Tensor]) -> float:
    """How far `mine` is from `old`, as a share of the way that `old` went from `before`."""
    assert mine.keys() == old.keys() == before.keys()
    error = sum(float((mine[name] - old[name]).abs().sum()) for name in old)
    way = sum(float((old[name] - before[name]).abs().sum()) for name in old)
    return error / way


def weights(directory: Path) -> dict[str, Tensor]:
    return {
        **load_file(directory / "adapter" / "adapter_model.safetensors"),
        **load_file(directory / "selector.safetensors"),
    }


def test_a_killed_adapter_training_goes_on(tmp_path: Path) -> None:
    recipe = load_adapter_recipe("adapter.yaml")
    work, old = tmp_path / "work", Path("adapter")
    shutil.copytree(old, work, ignore=shutil.ignore_patterns("last"))
    with counted(AdapterModel) as batches:
        assert train_adapter(recipe, work) == work / "best"
    assert len(batches) == 2 * recipe.accumulation  # of the two steps that were left
    # `best` is from step 2, where the checkpoint is, and step 4 is no better
    mine, best = weights(work / "last"), weights(old / "best")
    assert difference(mine, weights(old / "last"), best) < MOST
    assert stored_scores(work / "last") == stored_scores(old / "last") == {"step": 4}
    scores = stored_scores(old / "best")
    assert scores is not None
    assert stored_scores(work / "best") == scores
    assert difference(weights(work / "best"), best, weights(old / "last")) == 0


def test_an_adapter_training_by_another_recipe_is_still_refused(tmp_path: Path) -> None:
    work = shutil.copytree("adapter", tmp_path / "work")
    with pytest.raises(ValueError, match=r"begun with seed \d, not 9: take another --work"):
        train_adapter(load_adapter_recipe("adapter.yaml", ["seed=9"]), work)


def test_a_setting_that_there_was_not_had_its_default(tmp_path: Path) -> None:
    """So that a new key of recipes does not end the trainings that are under way."""
    work = Path(shutil.copytree("adapter", tmp_path / "work"))
    lines = (work / "recipe.yaml").read_text().replace("load_in: null\n", "")
    assert "load_in" not in lines
    (work / "recipe.yaml").write_text(lines)
    with pytest.raises(ValueError, match=r"begun with load_in None, not 8bit: take another"):
        train_adapter(load_adapter_recipe("adapter.yaml", ["load_in=8bit"]), work)
    with pytest.raises(ValueError, match=r"begun with questions \d, not 9: take another"):
        train_adapter(load_adapter_recipe("adapter.yaml", ["questions=9"]), work)


@pytest.mark.usefixtures("words_of_then")
def test_a_killed_stage_of_the_embedded_model_goes_on(tmp_path: Path) -> None:
    """With the scenes, proposals and encoded scenes of then; the language model learns anew."""
    recipe, old, work = load_recipe(Path("embedded.yaml")), Path("embedded"), tmp_path / "work"
    shutil.copytree(old, work)
    (work / "selection" / "model.safetensors").unlink()
    features = work / "proposals" / "features.pt"
    time = features.stat().st_mtime_ns
    training = EmbeddedTraining(
        recipe, work, tmp_path / "model", workers=1, config=load_config(MODEL)
    )
    training.reuse(MODEL)
    training.run("language")
    with counted(SelectionModel) as batches:
        training.run("selection")
    assert len(batches) == 2  # of the two steps that were left
    assert features.stat().st_mtime_ns == time
    mine, wanted, before = (
        load_file(file)
        for file in (
            work / "selection" / "model.safetensors",
            old / "selection" / "model.safetensors",
            old / "selection" / "checkpoint-2" / "model.safetensors",
        )
    )
    assert difference(mine, wanted, before) < MOST

    training.run("ship")
    shipped = LLMSegPipeline.from_pretrained(tmp_path / "model").config.selection
    assert (shipped.rule.value, shipped.iop_threshold, shipped.top_k) == ("iop", 0.4, 5)


def test_checkpoints_hold_nothing_but_values() -> None:
    """So that whatever resumes from them need not run what they say."""
    for file in ("optimizer.pt", "scheduler.pt"):
        for folder in ("adapter", "embedded/selection"):
            torch.load(Path(folder) / "checkpoint-2" / file, weights_only=True)
