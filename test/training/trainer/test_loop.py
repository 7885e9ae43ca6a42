# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_model
from torch import Tensor, nn

from helpers.noise_data import Noise, Rows, collate
from llmseg_training.trainer.checkpoints import last_checkpoint
from llmseg_training.trainer.loop import TrainingLoop
from llmseg_training.trainer.objective import Objective, StepLoss
from llmseg_training.trainer.recipe import TrainingRecipe, training_plan

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


class GivesBack(Objective[Rows]):
    """Learns to give back its input; dies before the step `dies_at`."""

    dies_at: int | None = None

    def loss(self, model: nn.Module, batch: Rows, step: int) -> StepLoss:
        if step == self.dies_at:
            raise KeyboardInterrupt
        loss = (model(batch.x) - batch.x).square().mean()
        return StepLoss(loss, {"twice_the_loss": 2 * loss})


class Scores:
    """Notes when it was asked, and whether the model was in evaluation mode."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.checked, self.asked = model, 0, []

    def check(self) -> None:
        assert not self.model.training
        self.checked += 1

    def run(self, step: int) -> dict[str, float]:
        assert not self.model.training
        self.asked.append(step)
        return {"giou": step / 100}


Loop = TrainingLoop[Tensor, Rows]


def loop(folder: Path, dies_at: int | None = None, validates: bool = False, **plan: Any) -> Loop:
    torch.manual_seed(0)
    objective = GivesBack(Tied())
    objective.dies_at = dies_at
    validation = Scores(objective.model) if validates else None
    made = training_plan(folder, RECIPE, seed=0, **plan)
    return TrainingLoop(objective, Noise(seed=0), collate, made, validation)


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    made = loop(tmp_path_factory.mktemp("uninterrupted"))
    made.train_to_end()
    return made


def test_a_module_that_shares_tensors_is_saved_and_loaded(uninterrupted: Loop) -> None:
    checkpoint = last_checkpoint(uninterrupted.plan.folder)
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-11"
    fresh = Tied()
    load_model(fresh, str(checkpoint / "model.safetensors"))
    assert fresh.second.weight is fresh.first.weight
    assert_same(weights(fresh), weights(uninterrupted.objective.model))


@pytest.mark.parametrize("dies_at", [4, 7, 10])
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(
    uninterrupted: Loop, tmp_path: Path, dies_at: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path, dies_at).train_to_end()
    resumed = loop(tmp_path)
    resumed.train_to_end()
    assert resumed.step == RECIPE.steps
    assert_same(weights(resumed.objective.model), weights(uninterrupted.objective.model))
    steps = [entry["step"] for entry in resumed.history]
    assert steps == [entry["step"] for entry in uninterrupted.history]


def test_a_resume_where_a_pass_ends_changes_nothing(tmp_path: Path) -> None:
    whole = loop(tmp_path / "whole", save_steps=5)
    whole.train_to_end()
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path / "killed", dies_at=7, save_steps=5).train_to_end()
    resumed = loop(tmp_path / "killed", save_steps=5)
    resumed.train_to_end()
    assert_same(weights(resumed.objective.model), weights(whole.objective.model))


def test_a_training_that_had_ended_takes_no_further_step(
    uninterrupted: Loop, tmp_path: Path
) -> None:
    loop(tmp_path).train_to_end()
    before = sorted(path.name for path in tmp_path.iterdir())
    again = loop(tmp_path, dies_at=11)
    again.train_to_end()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert_same(weights(again.objective.model), weights(uninterrupted.objective.model))


def test_batches_of_a_step_count_the_same(tmp_path: Path) -> None:
    """Five batches of two, or one batch of ten, in a model without chance."""
    ends = []
    for size, count in ((2, 5), (10, 1)):
        made = loop(tmp_path / str(size), batch_size=size, accumulation=count, log_steps=1)
        made.objective.model.dropout.p = 0.0
        made.train_to_end()
        ends.append(made)
    for name, value in weights(ends[0].objective.model).items():
        assert torch.allclose(value, weights(ends[1].objective.model)[name], atol=1e-6), name
    logged = [[entry["loss"] for entry in made.history] for made in ends]
    assert logged[0] == pytest.approx(logged[1], abs=1e-5)


def test_a_pass_that_is_no_number_of_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a pass has 5 batches, which are no steps of 2"):
        loop(tmp_path, accumulation=2).train_to_end()


def test_logs_are_means_of_what_was_noted(tmp_path: Path) -> None:
    """Dropout aside, the loss of three steps' log is the mean of three."""
    single, triple = loop(tmp_path / "1", log_steps=1), loop(tmp_path / "3", log_steps=3)
    for made in (single, triple):
        made.train_to_end()
    each = {int(entry["step"]): entry for entry in single.history}
    assert [entry["step"] for entry in triple.history] == [1, 3, 6, 9]
    for first, entry in zip((1, 2, 4, 7), triple.history, strict=True):
        step = int(entry["step"])
        for name in ("loss", "twice_the_loss", "grad_norm"):
            wanted = [each[number][name] for number in range(first, step + 1)]
            assert entry[name] == pytest.approx(sum(wanted) / len(wanted))
        assert entry["twice_the_loss"] == pytest.approx(2 * entry["loss"])
        assert entry["learning_rate"] == each[step]["learning_rate"]
        assert entry["epoch"] == pytest.approx(step / 5)


def test_each_training_has_its_own_tensorboard_logs(tmp_path: Path) -> None:
    for name in ("one", "two"):
        loop(tmp_path / name).train_to_end()
        assert len(list((tmp_path / name / "logs").glob("events.out.tfevents.*"))) == 1


def test_the_rate_rises_stays_and_falls(tmp_path: Path) -> None:
    made = loop(tmp_path, log_steps=1)
    made.train_to_end()
    rates = [entry["learning_rate"] / RECIPE.learning_rate for entry in made.history]
    assert rates[:3] == pytest.approx([0.02, 0.51, 1])
    assert rates[3:8] == [1] * 5
    assert all(later < earlier for earlier, later in pairwise(rates[7:]))
    optimizer = torch.optim.SGD(Tied().parameters(), lr=0.01)
    (factor,) = made.plan.schedule(optimizer).lr_lambdas
    assert factor(RECIPE.steps) == pytest.approx(0.02)


def test_validation_is_checked_first_and_run_between_steps(tmp_path: Path) -> None:
    made = loop(tmp_path, validates=True, validate_steps=4)
    made.train_to_end()
    assert made.validation.checked == 1
    assert made.validation.asked == [4, 8, 11]
    assert made.objective.model.training
    scores = [entry["eval_giou"] for entry in made.history if "eval_giou" in entry]
    assert scores == [0.04, 0.08, 0.11]


def test_validation_changes_no_weight(uninterrupted: Loop, tmp_path: Path) -> None:
    made = loop(tmp_path, validates=True, validate_steps=1)
    made.train_to_end()
    assert_same(weights(made.objective.model), weights(uninterrupted.objective.model))


def test_a_checkpoint_tells_the_log(uninterrupted: Loop) -> None:
    file = uninterrupted.plan.folder / "checkpoint-11" / "trainer_state.json"
    state = json.loads(file.read_text())
    assert (state["global_step"], state["max_steps"]) == (11, 11)
    assert state["log_history"] == uninterrupted.history


def test_what_is_in_the_way_is_told_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-9").mkdir()
    with pytest.raises(ValueError, match="checkpoint-9 is in the way"):
        loop(tmp_path, dies_at=0).train_to_end()


@pytest.mark.parametrize("cuts", [True, False])
def test_gradients_are_cut(tmp_path: Path, cuts: bool) -> None:
    made = loop(tmp_path, clip=1e-6 if cuts else 1.0, log_steps=1)
    before = weights(made.objective.model)
    made.train_to_end()
    after = weights(made.objective.model)
    moved = max(float((after[name] - before[name]).abs().max()) for name in after)
    assert moved > 1e-3  # Adam's steps are as long
    folder = made.plan.folder / "checkpoint-11"
    state = torch.load(folder / "optimizer.pt", weights_only=True)["state"]
    largest = max(float(each["exp_avg"].abs().max()) for each in state.values())
    assert (largest < 2e-6) is cuts


class Nonsense(GivesBack):
    """Its loss, or the gradient alone, is no number in the fourth step."""

    gradient_alone = False

    def loss(self, model: nn.Module, batch: Rows, step: int) -> StepLoss:
        cost = super().loss(model, batch, step)
        if step != 3:
            return cost
        bad = torch.sqrt(cost.total * 0) if self.gradient_alone else cost.total * torch.nan
        return StepLoss(cost.total.detach() + bad, cost.parts)


@pytest.mark.parametrize("gradient_alone", [False, True])
def test_no_step_follows_from_what_is_no_number(tmp_path: Path, gradient_alone: bool) -> None:
    made = loop(tmp_path)
    made.objective = Nonsense(made.objective.model)
    made.objective.gradient_alone = gradient_alone
    what = r"step 4: loss \d.*grad_norm nan" if gradient_alone else "step 4: loss nan"
    with pytest.raises(ValueError, match=f"{what}.*all must be finite"):
        made.train_to_end()
    assert all(value.isfinite().all() for value in made.objective.model.state_dict().values())
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_damaged_checkpoint_is_set_aside_for_the_one_before(
    uninterrupted: Loop, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path, dies_at=10).train_to_end()
    newest = tmp_path / "checkpoint-9" / file
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    again = loop(tmp_path)
    again.train_to_end()
    assert_same(weights(again.objective.model), weights(uninterrupted.objective.model))
    said = capsys.readouterr().err
    assert f"{tmp_path / 'checkpoint-9'} is damaged ({file}: " in said
    assert {path.name for path in tmp_path.glob("checkpoint-*")} == {
        "checkpoint-9", "checkpoint-9.damaged", "checkpoint-11"
    }  # fmt: skip


def test_a_training_does_not_begin_anew_because_all_checkpoints_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path, dies_at=4).train_to_end()
    (tmp_path / "checkpoint-3" / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"no checkpoint in .* can be read \(checkpoint-3: model"):
        loop(tmp_path).train_to_end()
    assert (tmp_path / "checkpoint-3" / "optimizer.pt").is_file()


class Falling(Scores):
    """Best at the second validation."""

    def run(self, step: int) -> dict[str, float]:
        super().run(step)
        return {"giou": {2: 0.1, 4: 0.5}.get(step, 0.3)}


def test_a_training_ends_when_validation_gains_nothing(tmp_path: Path) -> None:
    for dies_at in (5, None):  # the count goes on after an interruption
        made = loop(tmp_path, dies_at, validate_steps=2, patience=2)
        made.validation = Falling(made.objective.model)
        if dies_at is not None:
            with pytest.raises(KeyboardInterrupt):
                made.train_to_end()
    made.train_to_end()
    assert made.step == 8
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-8"
    again = loop(tmp_path, validates=True, validate_steps=2, patience=2)
    again.train_to_end()
    assert (again.step, again.validation.checked) == (8, 0)
