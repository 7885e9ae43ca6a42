# SPDX-License-Identifier: Apache-2.0
"""Everything that the loop must know of a training besides its model, its loss and its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

__all__ = ["TrainingPlan"]


@dataclass(frozen=True)
class TrainingPlan:
    """Length, rates and intervals; the optimizer is AdamW."""

    folder: Path
    """gets `checkpoint-N/` and `logs/`"""
    seed: int
    """of the order of samples and of dropout"""
    steps: int
    """optimizer steps"""
    batch_size: int
    """samples at once in each process"""
    schedule: Callable[[Optimizer], LRScheduler]
    """how the rate changes from step to step"""
    learning_rate: float
    """to which the schedule's factors belong"""
    betas: tuple[float, float]
    """decays of the means of gradients and of squared gradients"""
    weight_decay: float
    """of matrices; norms and biases have none"""
    save_steps: int
    """steps between checkpoints; the last two are kept"""
    accumulation: int = 1
    """batches a step"""
    clip: float = 1.0
    """greatest norm of a step's gradient"""
    validate_steps: int = 500
    """steps between validations, if there is one; the last step has one in any case"""
    log_steps: int = 20
    """steps between lines of the log; the first step has one in any case"""
    workers: int = 0
    """processes that read data; 0 reads between steps"""
    finds_unused: bool = False
    """whether parameters may have no gradient in a step, which several processes must agree on"""
    zero2: Mapping[str, Any] | None = None
    """configuration of DeepSpeed, if processes share gradients and Adam's state by ZeRO-2"""
    patience: int | None = None
    """validations without a better gIoU after which the training ends; None trains to the end"""
    report_to: tuple[str, ...] = ("tensorboard",)
    """where the log goes, see `trackers`"""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """settings that are noted there"""
    bfloat16: bool = False
    """whether ZeRO-2 keeps what learns in bfloat16, with a float32 copy"""
