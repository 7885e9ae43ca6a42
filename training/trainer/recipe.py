# SPDX-License-Identifier: Apache-2.0
"""What the recipes of the packaged model's stages have in common, and the plan they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import torch
from transformers import get_wsd_schedule

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require
from llmseg_core.runtime.freed_memory import keep_freed_memory

from .plan import TrainingPlan
from .processes import processes

__all__ = ["TrainingRecipe", "training_plan"]

SomeRecipe = TypeVar("SomeRecipe", bound="TrainingRecipe")


@dataclass(frozen=True)
class TrainingRecipe(Settings):
    """Length and rates of a training with AdamW; each stage has defaults of its own."""

    steps: Annotated[int, AtLeast(1)] = 1000
    """optimizer steps"""
    batch_size: Annotated[int, AtLeast(1)] = 8
    """samples a step, of all processes together"""
    learning_rate: Annotated[float, Between(1e-8, 1)] = 1e-3
    """between warm-up and decay"""
    warmup_steps: Annotated[int, AtLeast(0)] = 100
    """first steps, over which the rate rises from a fiftieth"""
    decay_steps: Annotated[int, AtLeast(0)] = 300
    """last steps, over which the rate falls to a fiftieth along a cosine"""
    weight_decay: Annotated[float, Between(0, 1)] = 0.02
    save_steps: Annotated[int, AtLeast(1)] = 200
    """steps between checkpoints; the last two are kept"""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.warmup_steps + self.decay_steps <= self.steps,
            "steps",
            self.steps,
            f"at least warmup_steps + decay_steps = {self.warmup_steps} + {self.decay_steps}",
        )

    def lasting(self: SomeRecipe, steps: int | None, learning_rate: float | None) -> SomeRecipe:
        """The same of another length or rate, where not None; warm-up and decay keep their shares.

        Raises:
            ValueError: if one of them is out of range.
        """
        length = self.steps if steps is None else steps
        return replace(
            self,
            steps=length,
            learning_rate=self.learning_rate if learning_rate is None else learning_rate,
            warmup_steps=self.warmup_steps * length // self.steps,
            decay_steps=self.decay_steps * length // self.steps,
        )


def training_plan(folder: Path, recipe: TrainingRecipe, seed: int, **changes: Any) -> TrainingPlan:
    """Warm-up, constant rate and final decay; also sets up this process for training on a CPU.

    Args:
        folder: gets `checkpoint-N/` and `logs/`.
        recipe: length and rates.
        seed: of the order of samples and of dropout.
        changes: of other fields of the plan.

    Raises:
        ValueError: if the processes cannot share a batch equally.
    """
    count, batch = processes().num_processes, recipe.batch_size
    if batch % count:
        able = ", ".join(str(number) for number in range(1, batch + 1) if batch % number == 0)
        raise ValueError(
            f"batch_size is {batch}, {count} processes cannot share it: start one of {able}"
        )
    keep_freed_memory()
    torch.set_flush_denormal(True)  # small weights drift into denormals, which a CPU adds slowly
    schedule = partial(
        get_wsd_schedule,
        num_warmup_steps=recipe.warmup_steps,
        num_decay_steps=recipe.decay_steps,
        num_training_steps=recipe.steps,
        decay_type="cosine",
        min_lr_ratio=0.02,
    )
    plan = TrainingPlan(
        folder=folder,
        seed=seed,
        steps=recipe.steps,
        batch_size=batch // count,
        schedule=schedule,
        learning_rate=recipe.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=recipe.weight_decay,
        save_steps=recipe.save_steps,
        finds_unused=True,  # of a part that waits until the others have learnt
    )
    return replace(plan, **changes)
