# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.recipe import AdapterRecipe, load_adapter_recipe
from llmseg_training.adapter.shipped import CONFIGS, SHIPPED
from llmseg_training.data.mixture_recipe import load_mixture_recipe
from llmseg_training.learning.scoring import LossWeights

LEAST = {"model": "models/m", "data": "my_data"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_is_read(name: str) -> None:
    recipe = load_adapter_recipe(name)
    assert recipe.losses == LossWeights(1.0, 50.0, 1.0)
    if recipe.model != "embedded":
        assert recipe.lora == LoraRecipe(8, 16, 0.05, ("q_proj", "v_proj"))
        assert (recipe.batch_size, recipe.accumulation, recipe.questions) == (1, 10, 3)
    assert (recipe.adam_beta1, recipe.adam_beta2, recipe.weight_decay) == (0.9, 0.95, 0.0)
    assert recipe.validation is not None
    if recipe.data.startswith("mixture:"):
        load_mixture_recipe(recipe.data.rpartition(":")[2])


def test_the_papers_numbers() -> None:
    ten, twenty = load_adapter_recipe("paper_10_epochs"), load_adapter_recipe("paper_20_epochs")
    assert (ten.steps, twenty.steps) == (5000, 10_000)
    assert (ten.learning_rate, ten.warmup_steps, ten.clip) == (1e-4, 100, 1.0)
    assert ten.precision == "bfloat16"
    assert ten.gradient_checkpointing
    assert load_adapter_recipe("zero_shot").data == "mixture:datasets:zero_shot"
    fine = load_adapter_recipe("llmseg40k_finetune")
    assert (fine.steps, fine.learning_rate) == (2500, 1e-5)


def test_every_recipe_file_is_known() -> None:
    others = {"comparison", "embedded", "household", "two_gpus"}
    of_others = ("ablation", "generate_", "mixture_")
    files = {path.stem for path in CONFIGS.glob("*.yaml")}
    assert {name for name in files - others if not name.startswith(of_others)} == set(SHIPPED)


def write(folder: Path, **values: object) -> Path:
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({**LEAST, **values}))
    return path


def test_values_can_be_set_anew(tmp_path: Path) -> None:
    path = write(tmp_path, steps=200, lora={"rank": 4})
    settings = ["steps=300", "learning_rate=2.0e-5", "lora.dropout=0.0", "validation=null"]
    recipe = load_adapter_recipe(path, settings)
    assert (recipe.steps, recipe.learning_rate, recipe.validation) == (300, 2e-5, None)
    assert recipe.lora == LoraRecipe(rank=4, dropout=0.0)


def test_a_recipe_survives_being_written(tmp_path: Path) -> None:
    recipe = load_adapter_recipe("finetune_folder")
    path = tmp_path / "again.yaml"
    path.write_text(yaml.safe_dump(recipe.to_dict()))
    assert load_adapter_recipe(path) == recipe


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepz=3", "unknown key 'stepz'; known are model, data"),
        ("lora.rang=3", "lora has the unknown key 'rang'"),
        ("steps=0", "steps is 0, it must be at least 1"),
        ("steps=1e3", "steps is '1e3', it must be a whole number"),
        ("learning_rate=1e", "learning_rate is '1e', it must be a number"),
        ("warmup_steps=6000", r"warmup_steps is 6000, it must be in \[0, 5000\]"),
        ("precision=fp8", "precision is 'fp8', it must be one of bfloat16, float32"),
        ("load_in=2bit", "load_in is '2bit', it must be one of null, 8bit, 4bit"),
        ("broken=ignore", "broken is 'ignore', it must be one of fatal, skip"),
        ("zero2=1", "zero2 is 1, it must be true or false"),
        ("data=null", "data is None, it must be a path"),
        ("proposals=3", "proposals is 3, it must be null or a path"),
        ("validation_samples=0", "validation_samples is 0, it must be null or at least 1"),
        ("lora.projections=[]", "projections is .*it must be names"),
        ("losses.iop=-1", "iop is -1, it must be at least 0"),
        ("losses=3", "losses is 3, it must be a mapping with keys among alignment"),
        ("lora.projections=q_proj", "projections is 'q_proj', it must be names such as"),
        ("lora.dropout=.nan", "dropout is nan, it must be a finite number"),
        ("clip=.inf", "clip is inf, it must be a finite number"),
        ("seed=5000000000", "seed is 5000000000, it must be at least 0 and below 4294967296"),
        ("lora.rank.max=1", "'lora.rank.max=1' cannot be set: rank is 4, no section"),
        ("steps", "'steps' sets nothing, it must be such as steps=200"),
        ("steps=[", "is no YAML value"),
    ],
)
def test_a_slip_is_named(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_adapter_recipe(write(tmp_path, lora={"rank": 4}), [setting])


def test_model_and_data_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("steps: 3")
    with pytest.raises(ValueError, match=r"empty\.yaml: .*'model' and 'data'"):
        load_adapter_recipe(path)
    with pytest.raises(FileNotFoundError, match="shipped are paper_10_epochs"):
        load_adapter_recipe(tmp_path / "none.yaml")


def test_defaults_are_the_papers() -> None:
    recipe = AdapterRecipe(**LEAST)
    assert (recipe.steps, recipe.learning_rate, recipe.accumulation) == (5000, 1e-4, 10)


@pytest.mark.parametrize(("processes", "batches"), [(1, 20), (2, 10), (5, 4), (20, 1)])
def test_the_global_batch_is_the_same_on_any_number_of_gpus(processes: int, batches: int) -> None:
    assert load_adapter_recipe("paper_10_epochs").batches_a_step(processes) == batches


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    recipe = load_adapter_recipe("paper_10_epochs", ["batch_size=2"])
    with pytest.raises(ValueError, match=r"which 8 processes .* cannot .* of 1, 2, 5, 10, or"):
        recipe.batches_a_step(8)
    with pytest.raises(ValueError, match="cannot share: set another global_batch"):
        load_adapter_recipe("paper_10_epochs", ["batch_size=3"]).batches_a_step(1)


def test_the_batch_is_said_in_one_way(tmp_path: Path) -> None:
    by_processes = load_adapter_recipe("paper_10_epochs", ["accumulation=4"])
    assert (by_processes.global_batch, by_processes.batches_a_step(8)) == (None, 4)
    own = tmp_path / "own.yaml"
    own.write_text("model: m\ndata: d\naccumulation: 4\n")
    assert load_adapter_recipe(own, ["global_batch=6"]).batches_a_step(2) == 3
    own.write_text("model: m\ndata: d\naccumulation: 4\nglobal_batch: 8\n")
    with pytest.raises(ValueError, match="accumulation is 4, but follows from global_batch"):
        load_adapter_recipe(own)


def test_a_short_exponent_is_a_number() -> None:
    assert load_adapter_recipe("paper_10_epochs", ["learning_rate=1e-4"]).learning_rate == 1e-4


def test_patience_needs_a_validation() -> None:
    with pytest.raises(ValueError, match="patience is 3, it must be null where there is no valid"):
        load_adapter_recipe("paper_10_epochs", ["patience=3", "validation=null"])
