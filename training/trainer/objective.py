# SPDX-License-Identifier: Apache-2.0
"""What a training minimises, and what scores it on the way: the parts that the loop is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

from llmseg_core.model_dir.network_files import refuse_wrong_keys

from ..learning.batch import Batch

__all__ = ["LearningObjective", "Objective", "StepLoss", "Validation", "learning_parameters"]

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


def learning_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Everything of a model that learns, by name; what several names share is listed once."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


class LearningObjective(Objective[SomeBatch]):
    """An objective whose checkpoints hold only what learns, and nothing of the frozen parts."""

    def save(self, file: Path) -> None:
        """See `Objective`."""
        values = {
            name: parameter.detach().cpu().contiguous()
            for name, parameter in learning_parameters(self.model).items()
        }
        save_file(values, file)

    def load(self, file: Path) -> None:
        """What `save` wrote, strictly.

        Raises:
            ValueError: if the file is damaged, or its weights are others or have other shapes.
        """
        try:
            found, wanted = load_file(file), learning_parameters(self.model)
        except SafetensorError as error:
            raise ValueError(f"{file} is damaged: {error}") from error
        refuse_wrong_keys(file, wanted.keys() - found.keys(), found.keys() - wanted.keys())
        for name, parameter in wanted.items():
            if found[name].shape != parameter.shape:
                raise ValueError(
                    f"{file}: {name} is {tuple(found[name].shape)}, the model's is "
                    f"{tuple(parameter.shape)}"
                )
        with torch.no_grad():
            for name, parameter in wanted.items():
                parameter.copy_(found[name])


class Validation(Protocol):
    """Scores the model between steps; the model is in evaluation mode then."""

    def check(self) -> None:
        """Find out before the first step whether `run` will work."""
        ...

    def run(self, step: int) -> dict[str, float]:
        """Scores by name after `step` steps, the same in every process."""
        ...
