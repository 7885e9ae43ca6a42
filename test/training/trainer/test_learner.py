# SPDX-License-Identifier: Apache-2.0
"""Against transformers' Trainer, whose checkpoints go on here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

from helpers.noise_data import Noise, Rows, collate
from helpers.other_device import OTHER, other_device
from llmseg_core.model_dir.networks import build_embedded_sam, build_selector, embedded_config
from llmseg_training.trainer.learner import parameter_groups
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.objective import Objective, StepLoss
from llmseg_training.trainer.processes import processes
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

RECIPE = TrainingRecipe(
    steps=13, batch_size=2, learning_rate=0.01, warmup_steps=2, decay_steps=4, weight_decay=0.1
)
SAVED = 8


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Dropout(0.2), nn.Linear(8, 4))


class GivesBack(Objective[Rows]):
    def loss(self, model: nn.Module, batch: Rows, step: int) -> StepLoss:
        return StepLoss((model(batch.x) - batch.x).square().mean())


class TheirTrainer(Trainer):
    def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Tensor:
        return (model(inputs["x"]) - inputs["x"]).square().mean()


class TellsPass(TrainerCallback):
    def __init__(self, data: Noise) -> None:
        self.data = data

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.data.set_epoch(int(state.epoch or 0))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole training by transformers' Trainer, with the same numbers as `ours`."""
    folder = tmp_path_factory.mktemp("theirs")
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=RECIPE.steps,
        per_device_train_batch_size=RECIPE.batch_size,
        learning_rate=RECIPE.learning_rate,
        weight_decay=RECIPE.weight_decay,
        adam_beta2=0.98,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={
            "num_decay_steps": RECIPE.decay_steps,
            "decay_type": "cosine",
            "min_lr_ratio": 0.02,
        },
        warmup_steps=RECIPE.warmup_steps,
        save_steps=SAVED,
        seed=5,
        data_seed=5,
        report_to=[],
        remove_unused_columns=False,
        disable_tqdm=True,
        use_cpu=True,
    )
    data = Noise(seed=5)
    trainer = TheirTrainer(
        model=model(),
        args=arguments,
        train_dataset=data,
        data_collator=lambda rows: {"x": torch.stack(rows)},
        callbacks=[TellsPass(data)],
    )
    trainer.train()
    AcceleratorState._reset_state(reset_partial_state=True)  # as before its arguments were made
    return folder


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another device computes other bits."""
    monkeypatch.setattr(processes(), "device", torch.device("cpu"))


def ours(folder: Path) -> TrainingLoop[Tensor, Rows]:
    plan = training_plan(folder, RECIPE, seed=5)
    return TrainingLoop(GivesBack(model()), Noise(seed=5), collate, plan)


def assert_same_end(folder: Path, theirs: Path) -> None:
    """The same weights, and the same chance for what would come next."""
    one, other = (each / f"checkpoint-{RECIPE.steps}" for each in (folder, theirs))
    weights, wanted = (load_file(each / "model.safetensors") for each in (one, other))
    assert weights.keys() == wanted.keys()
    assert [name for name in wanted if not torch.equal(weights[name], wanted[name])] == []
    states = [
        torch.load(each / "rng_state.pth", weights_only=False)["cpu"] for each in (one, other)
    ]
    assert torch.equal(*states)


def test_the_weights_are_bitwise_those_of_transformers_trainer(
    theirs: Path, tmp_path: Path
) -> None:
    ours(tmp_path).train_to_end()
    assert_same_end(tmp_path, theirs)


def test_a_checkpoint_of_transformers_trainer_goes_on(theirs: Path, tmp_path: Path) -> None:
    begun = tmp_path / f"checkpoint-{SAVED}"
    shutil.copytree(theirs / begun.name, begun)
    (begun / "complete").touch()  # as ours were marked
    loop = ours(tmp_path)
    loop.train_to_end()
    assert (tmp_path / "checkpoint-13" / "complete").exists()
    assert_same_end(tmp_path, theirs)


class Elsewhere(GivesBack):
    """Notes where batches are; a checkpoint needs no weights."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.seen: set[torch.device] = set()

    def loss(self, model: nn.Module, batch: Rows, step: int) -> StepLoss:
        self.seen.add(batch.x.device)
        return super().loss(model, batch, step)

    def save(self, file: Path) -> None:
        pass


def test_model_and_batches_meet_on_the_device_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole loop, with an optimizer that knows every device."""

    def sgd(groups: list[dict[str, Any]], lr: float, **_: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, lr)

    monkeypatch.setattr(torch.optim, "AdamW", sgd)
    monkeypatch.setattr(processes(), "device", OTHER)
    loop = ours(tmp_path)
    loop.objective = objective = Elsewhere(model())
    with other_device():
        loop.train_to_end()
    assert loop.step == RECIPE.steps
    assert objective.seen == {OTHER}
    assert {parameter.device for parameter in objective.model.parameters()} == {OTHER}


def llama() -> nn.Module:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=8,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=True,
        )
    )


@pytest.mark.parametrize(
    "make", [model, llama, build_embedded_sam, lambda: build_selector(embedded_config().selector)]
)
def test_weight_decay_is_for_matrices(make: Any, tmp_path: Path) -> None:
    network = make()
    frozen = next(network.parameters()).requires_grad_(False)
    arguments = TrainingArguments(output_dir=str(tmp_path), report_to=[], use_cpu=True)
    trainer = TheirTrainer(model=nn.ModuleDict({"inner": network}), args=arguments)
    groups = parameter_groups(trainer.model, 0.1)
    wanted = trainer.create_optimizer().param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    for group, other in zip(groups, wanted, strict=True):
        assert [id(p) for p in group["params"]] == [id(p) for p in other["params"]]
        assert all(parameter is not frozen for parameter in group["params"])
    assert all(group["params"] for group in groups)
