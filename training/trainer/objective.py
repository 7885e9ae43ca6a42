# SPDX-License-Identifier: Apache-2.0
"""What a training minimises, and what scores it on the way: the parts that the loop is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from ..learning.batch import Batch

__all__ = ["Objective", "StepLoss", "Validation"]

SomeBatch = TypeVar("SomeBatch", bound=Batch)


@dataclass(frozen=True)
class StepLoss:
    """What one batch costs.

    Attributes:
        total: scalar that is minimised.
        parts: scalars by name, whose means stand in the log; parts of the loss or scores.
    """

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)


class Objective(ABC, Generic[SomeBatch]):
    """A model that is trained, and its loss.

    Args:
        model: trained in place.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    @abstractmethod
    def loss(self, model: nn.Module, batch: SomeBatch, step: int) -> StepLoss:
        """What a batch costs.

        Args:
            model: to be called for predictions: `self.model`, or what wraps it where several
                processes exchange gradients.
            batch: on the model's device.
            step: steps that were taken before.
        """

    def save(self, file: Path) -> None:
        """Write what a checkpoint must hold of the model, which may share tensors."""
        save_model(self.model, str(file))

    def load(self, file: Path) -> None:
        """Read what `save` wrote, strictly."""
        load_model(self.model, str(file))


class Validation(Protocol):
    """Scores the model between steps; the model is in evaluation mode then."""

    def check(self) -> None:
        """Find out before the first step whether `run` will work."""
        ...

    def run(self, step: int) -> dict[str, float]:
        """Scores by name after `step` steps, the same in every process."""
        ...
