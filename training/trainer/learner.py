# SPDX-License-Identifier: Apache-2.0
"""A model with its optimizer and its rate, which learns from one batch after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ..learning.batch import Batch
from .objective import Objective
from .plan import TrainingPlan

__all__ = ["Learner", "parameter_groups"]

SomeBatch = TypeVar("SomeBatch", bound=Batch)
WEIGHTS, OPTIMIZER, SCHEDULER = "model.safetensors", "optimizer.pt", "scheduler.pt"
_NO_DECAY = re.compile(r"bias|layernorm|rmsnorm|(?:^|[._])norm(?:$|\.)")


class Learner(Generic[SomeBatch]):
    """Steps by AdamW, the same in all processes.

    Args:
        objective: model, on the accelerator's device, and loss.
        plan: rates.
        accelerator: from `make_accelerator`.
    """

    def __init__(
        self, objective: Objective[SomeBatch], plan: TrainingPlan, accelerator: Accelerator
    ) -> None:
        self.objective, self.plan, self.accelerator = objective, plan, accelerator
        optimizer = torch.optim.AdamW(
            parameter_groups(objective.model, plan.weight_decay),
            lr=plan.learning_rate,
            betas=plan.betas,
            eps=1e-8,
            fused=True,
        )
        self.model, self.optimizer = accelerator.prepare(objective.model, optimizer)
        self.scheduler = plan.schedule(self.optimizer)
        self.rate = float(self.scheduler.get_last_lr()[0])  # of the last step

    def learn(self, batch: SomeBatch, step: int) -> dict[str, Tensor]:
        """Learn from one batch; the last of an accumulation makes a step.

        What cannot be learnt from changes no weight.

        Args:
            batch: on any device.
            step: steps that were taken before.

        Returns:
            Scalars for the log: "loss", its parts, and after a step "grad_norm".

        Raises:
            ValueError: if the loss or the gradient is no finite number.
        """
        accelerator = self.accelerator
        with accelerator.accumulate(self.model):
            cost = self.objective.loss(self.model, batch.to(accelerator.device), step)
            told = {"loss": cost.total, **cost.parts}
            self._refuse_nonsense(told, step)
            accelerator.backward(cost.total)
            if accelerator.sync_gradients:
                norm = accelerator.clip_grad_norm_(self.model.parameters(), self.plan.clip)
                told["grad_norm"] = torch.as_tensor(norm)
                self._refuse_nonsense(told, step)
            self.optimizer.step()
            if accelerator.sync_gradients:
                self.rate = float(self.scheduler.get_last_lr()[0])
                self.scheduler.step()
            self.optimizer.zero_grad()
        return told

    def _refuse_nonsense(self, told: dict[str, Tensor], step: int) -> None:
        """Stop before a number that is none gets into the weights."""
        if all(bool(torch.isfinite(value).all()) for value in told.values()):
            return
        values = ", ".join(f"{name} {float(value.detach()):.4g}" for name, value in told.items())
        raise ValueError(
            f"step {step + 1}: {values}: all must be finite. Weights or data hold numbers that are "
            f"not, or the learning rate of {self.rate:.3g} is too high; nothing was learnt from "
            f"this step, and checkpoints of steps before are whole"
        )

    def save(self, folder: Path) -> None:
        """Write everything that a resume needs besides the random state; all processes call it."""
        if self.plan.zero2 is not None:
            self.model.save_checkpoint(str(folder), exclude_frozen_parameters=True)
        if self.accelerator.is_main_process:
            self.objective.save(folder / WEIGHTS)
            torch.save(self.scheduler.state_dict(), folder / SCHEDULER)
            if self.plan.zero2 is None:
                torch.save(self.optimizer.state_dict(), folder / OPTIMIZER)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote but for the weights, which the model had before it was wrapped."""
        self.scheduler.load_state_dict(_stored(folder / SCHEDULER))
        if self.plan.zero2 is None:
            self.optimizer.load_state_dict(_stored(folder / OPTIMIZER))
            return
        found, _ = self.model.load_checkpoint(str(folder), load_module_strict=False)
        if found is None:
            raise ValueError(f"{folder} holds no state of ZeRO-2: it was written without zero2")


def _stored(file: Path) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """What learns, in two groups: matrices with weight decay, norms and biases without."""
    norms = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, nn.LayerNorm)
        for parameter in module.parameters()
    }

    def learning(decays: bool) -> Iterator[nn.Parameter]:
        for name, parameter in model.named_parameters():
            plain = id(parameter) in norms or _NO_DECAY.search(name.lower())
            if parameter.requires_grad and decays is not bool(plain):
                yield parameter

    return [
        {"params": list(learning(decays=True)), "weight_decay": weight_decay},
        {"params": list(learning(decays=False)), "weight_decay": 0.0},
    ]
