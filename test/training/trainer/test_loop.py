# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_model
from torch import Tensor, nn

from llmseg_training.trainer.arguments import TrainingRecipe, training_arguments
from llmseg_training.trainer.drawn_dataset import DrawnDataset
from llmseg_training.trainer.loop import WholeTrainer, last_checkpoint

RECIPE = TrainingRecipe(
    steps=11, batch_size=2, learning_rate=0.01, warmup_steps=2, decay_steps=4, save_steps=3
)


class Tied(nn.Module):
    """Two layers that share their weight, and dropout, whose chance a resume must restore."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.dropout(self.first(x).relu()))


class Noise(DrawnDataset[Tensor]):
    """Ten samples, five steps a pass, other numbers in every pass."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.rng(index).standard_normal(4)).float()


class Trainer(WholeTrainer):
    """Learns to give back its input; dies before the step `dies_at`."""

    dies_at: int | None = None

    def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Tensor:
        if self.state.global_step == self.dies_at:
            raise KeyboardInterrupt
        loss = (model(inputs["x"]) - inputs["x"]).square().mean()
        self.note("twice_the_loss", 2 * loss)
        return loss


def trainer(folder: Path, dies_at: int | None = None, **overrides: Any) -> Trainer:
    torch.manual_seed(0)
    made = Trainer(
        model=Tied(),
        args=training_arguments(folder, RECIPE, seed=0, disable_tqdm=True, **overrides),
        train_dataset=Noise(seed=0),
        data_collator=lambda rows: {"x": torch.stack(rows)},
    )
    made.dies_at = dies_at
    return made


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    made = trainer(tmp_path_factory.mktemp("uninterrupted"))
    made.train_to_end()
    return made


def test_a_module_that_shares_tensors_is_saved_and_loaded(uninterrupted: Trainer) -> None:
    checkpoint = last_checkpoint(Path(uninterrupted.args.output_dir))
    assert checkpoint is not None
    assert checkpoint.endswith("checkpoint-11")
    fresh = Tied()
    load_model(fresh, str(Path(checkpoint) / "model.safetensors"))
    assert fresh.second.weight is fresh.first.weight
    assert_same(weights(fresh), weights(uninterrupted.model))


@pytest.mark.parametrize("dies_at", [4, 7, 10])
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(
    uninterrupted: Trainer, tmp_path: Path, dies_at: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, dies_at).train_to_end()
    resumed = trainer(tmp_path)
    resumed.train_to_end()
    assert resumed.state.global_step == RECIPE.steps
    assert_same(weights(resumed.model), weights(uninterrupted.model))


def test_a_checkpoint_cut_short_is_not_resumed_from(uninterrupted: Trainer, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, dies_at=7).train_to_end()
    torn = tmp_path / "checkpoint-6"
    (torn / "complete").unlink()
    (torn / "model.safetensors").write_bytes(b"torn")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-3")
    assert not torn.exists()
    resumed = trainer(tmp_path)
    resumed.train_to_end()
    assert_same(weights(resumed.model), weights(uninterrupted.model))


def test_a_training_that_had_ended_takes_no_further_step(
    uninterrupted: Trainer, tmp_path: Path
) -> None:
    trainer(tmp_path).train_to_end()
    before = sorted(path.name for path in tmp_path.iterdir())
    again = trainer(tmp_path, dies_at=11)
    again.train_to_end()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert_same(weights(again.model), weights(uninterrupted.model))


def test_the_last_two_checkpoints_are_kept(uninterrupted: Trainer) -> None:
    folder = Path(uninterrupted.args.output_dir)
    names = sorted(path.name for path in folder.glob("checkpoint-*"))
    assert names == ["checkpoint-11", "checkpoint-9"]


def test_notes_are_logged_as_means(tmp_path: Path) -> None:
    made = trainer(tmp_path, logging_steps=5)
    made.train_to_end()
    logged = [entry for entry in made.state.log_history if "loss" in entry]
    assert len(logged) == 3  # the first step, the fifth and the tenth
    for entry in logged:
        assert entry["twice_the_loss"] == pytest.approx(2 * entry["loss"], abs=2e-4)


def test_each_training_has_its_own_tensorboard_logs(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trainer(tmp_path / name).train_to_end()
        assert len(list((tmp_path / name / "logs").glob("events.out.tfevents.*"))) == 1


def test_the_rate_rises_stays_and_falls(tmp_path: Path) -> None:
    optimizer = torch.optim.SGD(Tied().parameters(), lr=0.01)
    (rate,) = trainer(tmp_path).create_scheduler(RECIPE.steps, optimizer).lr_lambdas
    rates = [rate(step) for step in range(RECIPE.steps + 1)]
    assert rates[:3] == pytest.approx([0.02, 0.51, 1])
    assert rates[3:8] == [1] * 5
    assert all(later < earlier for earlier, later in pairwise(rates[7:]))
    assert rates[-1] == pytest.approx(0.02)


def test_nothing_to_resume_from(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    assert last_checkpoint(tmp_path / "missing") is None
