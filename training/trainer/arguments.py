# SPDX-License-Identifier: Apache-2.0
"""What every training of this package has in common: its recipe and the Trainer's arguments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from transformers import TrainingArguments

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require
from llmseg_core.runtime.freed_memory import keep_freed_memory

from .processes import processes

__all__ = ["TrainingRecipe", "basic_arguments", "training_arguments"]


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


def training_arguments(
    folder: Path, recipe: TrainingRecipe, seed: int, **overrides: Any
) -> TrainingArguments:
    """Warm-up, constant rate and final decay, checkpoints in `folder`.

    Args:
        folder: gets `checkpoint-N/`, and `logs/` from `WholeTrainer`.
        recipe: length and rates.
        seed: of the order of samples and of dropout.
        overrides: any other TrainingArguments.

    Raises:
        ValueError: if the processes cannot share a batch equally.
    """
    count = processes().num_processes
    if recipe.batch_size % count:
        raise ValueError(f"batch_size is {recipe.batch_size}, {count} processes cannot share it")
    keep_freed_memory()
    torch.set_flush_denormal(True)  # small weights drift into denormals, which a CPU adds slowly
    options: dict[str, Any] = {
        "max_steps": recipe.steps,
        "per_device_train_batch_size": recipe.batch_size // count,
        "ddp_find_unused_parameters": True,  # of a part that waits until the others have learnt
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "adam_beta2": 0.98,
        "max_grad_norm": 1.0,
        "lr_scheduler_type": "warmup_stable_decay",
        "lr_scheduler_kwargs": {
            "num_decay_steps": recipe.decay_steps,
            "decay_type": "cosine",
            "min_lr_ratio": 0.02,
        },
        "warmup_steps": recipe.warmup_steps,
        "save_steps": recipe.save_steps,
    }
    return basic_arguments(folder, seed, **{**options, **overrides})


def basic_arguments(folder: Path, seed: int, **overrides: Any) -> TrainingArguments:
    """What is the same in every training: two checkpoints in `folder`, logs, a GPU if there is one.

    Args:
        folder: gets `checkpoint-N/`.
        seed: of the order of samples and of dropout.
        overrides: any other TrainingArguments.
    """
    options: dict[str, Any] = {
        "output_dir": str(folder),
        "logging_steps": 20,
        "logging_first_step": True,
        "save_total_limit": 2,
        "report_to": [],
        "remove_unused_columns": False,
        "label_names": [],
        "seed": seed,
        "data_seed": seed,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "use_cpu": not torch.cuda.is_available(),
    }
    return TrainingArguments(**{**options, **overrides})
