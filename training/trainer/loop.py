# SPDX-License-Identifier: Apache-2.0
"""The loop of every training: draw, learn, log, validate, store; from where it was interrupted.

It is our own, on accelerate, because transformers' Trainer did unseen what has to be seen: it left
batches of a type that it did not know on the CPU, and with DeepSpeed it cast weights at another
time than without. Now every step, number format and checkpoint is in this folder to be read, and
nothing depends on private methods of a class that changes with each version.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator, skip_first_batches
from accelerate.utils import set_seed
from torch.utils.data import DataLoader, Dataset

from ..learning.batch import Batch
from .checkpoints import (
    begin_checkpoint,
    end_checkpoint,
    last_checkpoint,
    random_state,
    refuse_obstacles,
    remove_unfinished,
    set_damaged_aside,
    set_random_state,
    step_of,
)
from .drawn_dataset import DrawnDataset
from .learner import SCHEDULER, WEIGHTS, Learner
from .objective import Objective, Validation
from .plan import TrainingPlan
from .processes import make_accelerator
from .training_log import TrainingLog

__all__ = ["TrainingLoop"]

Sample = TypeVar("Sample")
SomeBatch = TypeVar("SomeBatch", bound=Batch)
STATE = "trainer_state.json"


class TrainingLoop(Generic[Sample, SomeBatch]):
    """Trains a model to the last step of a plan.

    Args:
        objective: model and loss.
        data: samples; one that draws is told which pass begins.
        collate: makes samples a batch.
        plan: length, rates and intervals.
        validation: scores the model between steps; None scores nothing.
    """

    def __init__(
        self,
        objective: Objective[SomeBatch],
        data: Dataset[Sample],
        collate: Callable[[Sequence[Sample]], SomeBatch],
        plan: TrainingPlan,
        validation: Validation | None = None,
    ) -> None:
        self.objective, self.data, self.collate = objective, data, collate
        self.plan, self.validation = plan, validation
        self.step = 0
        self.history: list[dict[str, float]] = []

    def train_to_end(self) -> None:
        """Train from the newest complete checkpoint, or from the start, to the last step.

        One that is damaged is told and set aside for the one before it.

        Checkpoints of transformers' Trainer that are marked as complete do too. A training that had
        ended already only gets its weights back.

        Raises:
            ValueError: if something else stands where a checkpoint will be written, no checkpoint
                can be read, the passes over the data cannot be divided into steps, or the loss is
                no finite number.
        """
        plan = self.plan
        set_seed(plan.seed)
        accelerator = make_accelerator(plan)
        self.objective.model.to(accelerator.device)
        if accelerator.is_main_process:
            remove_unfinished(plan.folder)
            set_damaged_aside(plan.folder, (WEIGHTS, SCHEDULER, STATE))
        accelerator.wait_for_everyone()
        refuse_obstacles(plan)
        checkpoint = last_checkpoint(plan.folder)
        if checkpoint is not None:
            self.objective.load(checkpoint / WEIGHTS)
            self.step = step_of(checkpoint)
            self.history = json.loads((checkpoint / STATE).read_text())["log_history"]
        if self.step >= plan.steps or self._gains_nothing():
            return
        learner = Learner(self.objective, plan, accelerator)
        if checkpoint is not None:
            learner.load(checkpoint)
        if self.validation is not None:
            learner.model.eval()
            self.validation.check()
        self._train(learner, checkpoint)

    def _train(self, learner: Learner[SomeBatch], checkpoint: Path | None) -> None:
        plan, accelerator = self.plan, learner.accelerator
        loader = accelerator.prepare_data_loader(
            DataLoader(
                self.data,
                plan.batch_size,
                shuffle=True,
                num_workers=plan.workers,
                collate_fn=self.collate,
            ),
            device_placement=False,
        )
        if len(loader) % plan.accumulation:
            raise ValueError(
                f"a pass has {len(loader)} batches, which are no steps of {plan.accumulation}"
            )
        in_pass = len(loader) // plan.accumulation
        learner.model.train()
        with TrainingLog(plan, self.history, self.step) as log:
            for batch in self._batches(loader, in_pass, accelerator, checkpoint):
                log.note(learner.learn(batch, self.step))
                if not accelerator.sync_gradients:
                    continue
                self.step += 1
                log.advance()
                last = self.step == plan.steps
                if self.step == 1 or self.step % plan.log_steps == 0:
                    more = {"learning_rate": learner.rate, "epoch": self.step / in_pass}
                    log.write("train", {**log.means(), **more}, self.step)
                if self.validation is not None and (last or self.step % plan.validate_steps == 0):
                    self._validate(self.validation, learner, log)
                    last = last or self._gains_nothing()
                if last or self.step % plan.save_steps == 0:
                    self._store(learner)
                if last:
                    return

    def _batches(
        self,
        loader: Any,
        in_pass: int,
        accelerator: Accelerator,
        checkpoint: Path | None,
    ) -> Iterator[SomeBatch]:
        """Batches from where the training stands, pass after pass, without an end."""
        chance = None if checkpoint is None else checkpoint / _random_state_file(accelerator)
        if chance is not None and not chance.exists():
            accelerator.print(f"{chance} is missing: dropout goes on from the seed")
            chance = None
        first, done = divmod(self.step, in_pass)
        for number in itertools.count(first):
            if isinstance(self.data, DrawnDataset):
                self.data.set_epoch(number)
            rest = skip_first_batches(loader, done * self.plan.accumulation) if done else loader
            rest.set_epoch(number)
            # The loader itself draws when a pass begins, which is before or after the checkpoint.
            if chance is not None and not done:
                set_random_state(chance)
                chance = None
            for batch in rest:
                if chance is not None:
                    set_random_state(chance)
                    chance = None
                yield batch
            done = 0

    def _validate(
        self, validation: Validation, learner: Learner[SomeBatch], log: TrainingLog
    ) -> None:
        learner.model.eval()
        scores = validation.run(self.step)
        learner.model.train()
        log.write("eval", {f"eval_{name}": value for name, value in scores.items()}, self.step)

    def _gains_nothing(self) -> bool:
        """Whether the best validation is as long ago as the plan has patience."""
        scores = [entry["eval_giou"] for entry in self.history if "eval_giou" in entry]
        if self.plan.patience is None or not scores:
            return False
        return len(scores) - 1 - scores.index(max(scores)) >= self.plan.patience

    def _store(self, learner: Learner[SomeBatch]) -> None:
        """Write a checkpoint; every process writes a part of it."""
        plan, accelerator = self.plan, learner.accelerator
        main = accelerator.is_main_process
        folder = begin_checkpoint(plan.folder, self.step, make=main)
        accelerator.wait_for_everyone()
        learner.save(folder)
        torch.save(random_state(), folder / _random_state_file(accelerator))
        if main:
            state = {"global_step": self.step, "max_steps": plan.steps, "log_history": self.history}
            (folder / STATE).write_text(json.dumps(state, indent=2), encoding="utf-8")
        accelerator.wait_for_everyone()
        if main:
            end_checkpoint(folder)
        accelerator.wait_for_everyone()


def _random_state_file(accelerator: Accelerator) -> str:
    """Its name in a checkpoint: every process has its own."""
    several = accelerator.num_processes > 1
    return f"rng_state_{accelerator.process_index}.pth" if several else "rng_state.pth"
