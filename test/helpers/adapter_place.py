# SPDX-License-Identifier: Apache-2.0
"""Where the tests of the paper's training take place: a model, data, proposals, and recipes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from llmseg_training.adapter.recipe import AdapterRecipe


@dataclass(frozen=True)
class Place:
    """A model, data with stored proposals, and recipes that name them."""

    root: Path
    model: Path

    def recipe(self, **changes: Any) -> AdapterRecipe:
        recipe = AdapterRecipe(
            model=str(self.model),
            data=str(self.root / "train"),
            proposals=str(self.root / "proposals" / "train"),
            validation=str(self.root / "val"),
            validation_proposals=str(self.root / "proposals" / "val"),
            steps=8,
            accumulation=2,
            learning_rate=5e-3,
            warmup_steps=2,
            precision="float32",
            workers=0,
            validate_steps=4,
            save_steps=3,
            log_steps=1,
        )
        return replace(recipe, **changes)


@dataclass(frozen=True)
class Trained:
    """A training that has ended."""

    work: Path
    model: Path
    log: list[dict[str, float]]


def weights(directory: Path) -> dict[str, Tensor]:
    return {
        **load_file(directory / "adapter" / "adapter_model.safetensors"),
        **load_file(directory / "selector.safetensors"),
    }


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name, value in one.items() if not torch.equal(value, other[name])] == []
