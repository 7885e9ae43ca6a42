# SPDX-License-Identifier: Apache-2.0
"""The recipe of a training of adapter and selector: one YAML file for `llmseg train`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from llmseg_core.config.limits import AtLeast, Below, Between, NotBlank, OneOf
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from ..data import BrokenPolicy
from ..learning.scoring import LossWeights
from ..trainer.recipe_file import read_recipe
from .lora import LoraRecipe
from .parts import LOAD_IN
from .released import ReleasedSwitches, named_switches
from .shipped import CONFIGS, SHIPPED

__all__ = ["SHIPPED", "AdapterRecipe", "load_adapter_recipe"]

_Place = Annotated[str, NotBlank("a path")]


@dataclass(frozen=True)
class AdapterRecipe(Settings):
    """Everything that `llmseg train` needs to know; paths begin at the working directory.

    A step takes batch_size x accumulation samples in each process.
    """

    model: _Place
    """model directory to begin with; one with an adapter goes on with it"""
    data: _Place
    """training data, KIND:PATH:SPLIT or a folder of our format"""
    proposals: _Place | None = None
    """folder of its stored proposals; null computes them anew whenever an image is drawn"""
    validation: _Place | None = None
    """data on which the best model is chosen; null keeps the last one only"""
    validation_proposals: _Place | None = None
    """folder of its stored proposals; null computes them anew"""
    steps: Annotated[int, AtLeast(1)] = 5000
    """optimizer steps; 500 are what the paper calls an epoch"""
    batch_size: Annotated[int, AtLeast(1)] = 1
    """images at once"""
    accumulation: Annotated[int, AtLeast(1)] = 10
    """batches a step"""
    questions: Annotated[int, Between(1, 1000)] = 3
    """most questions an image"""
    learning_rate: Annotated[float, Between(1e-8, 1)] = 1e-4
    """after warm-up; from there it falls to 0 along a line"""
    warmup_steps: Annotated[int, AtLeast(0)] = 100
    """first steps, over which the rate rises from 0"""
    adam_beta1: Annotated[float, Between(0, 0.9999)] = 0.9
    """decay of the mean of gradients"""
    adam_beta2: Annotated[float, Between(0, 0.9999)] = 0.95
    """decay of the mean of squared gradients"""
    weight_decay: Annotated[float, Between(0, 1)] = 0.0
    clip: Annotated[float, AtLeast(1e-6)] = 1.0
    """greatest norm of a step's gradient"""
    seed: Annotated[int, AtLeast(0), Below(2**32)] = 0
    """of new weights, draws and dropout"""
    new_selector: bool = False
    """whether the selector begins anew though the model has one"""
    lora: LoraRecipe = field(default_factory=LoraRecipe)
    losses: LossWeights = field(default_factory=LossWeights)
    released: ReleasedSwitches = field(default_factory=ReleasedSwitches)
    """what is done as the released code does it; true turns all switches on"""
    precision: Annotated[str, OneOf("bfloat16", "float32")] = "bfloat16"
    """of frozen weights and of the arithmetic: "bfloat16" or "float32"; what learns is float32"""
    load_in: Annotated[str, OneOf(*LOAD_IN)] | None = None
    """frozen language model in "8bit" or "4bit" (bitsandbytes), to save memory; null does not"""
    attention: Annotated[str, OneOf("sdpa", "eager", "flash_attention_2")] = "sdpa"
    """implementation of attention: "sdpa", "eager" or "flash_attention_2" """
    gradient_checkpointing: bool = True
    """compute activations twice instead of keeping them"""
    zero2: bool = False
    """whether processes share gradients and Adam's state by DeepSpeed ZeRO-2"""
    broken: BrokenPolicy = BrokenPolicy.FATAL
    """what happens when a sample cannot be read: "fatal" or "skip" """
    workers: Annotated[int, AtLeast(0)] = 4
    """processes that read data; 0 reads between steps, as does a training without `proposals`"""
    validate_steps: Annotated[int, AtLeast(1)] = 500
    """steps between validations"""
    validation_samples: Annotated[int, AtLeast(1)] | None = None
    """validation images that are asked about, the first ones; null asks about all"""
    save_steps: Annotated[int, AtLeast(1)] = 100
    """steps between checkpoints; the last two are kept"""
    log_steps: Annotated[int, AtLeast(1)] = 10
    """steps between lines of the log"""

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = f"in [0, {self.steps}]"
        require(self.warmup_steps <= self.steps, "warmup_steps", self.warmup_steps, wanted)


def load_adapter_recipe(recipe: str | Path, settings: Sequence[str] = ()) -> AdapterRecipe:
    """Read a recipe; what it does not name keeps its default.

    Args:
        recipe: path of a YAML file, or the name of a shipped one.
        settings: values to set anew, such as "steps=200" or "lora.rank=4".

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file, section and key, and quoting a bad value.
    """
    path = CONFIGS / f"{recipe}.yaml" if str(recipe) in SHIPPED else Path(recipe)
    known = f"shipped are {', '.join(SHIPPED)}"
    return read_recipe(AdapterRecipe, path, known, settings, _with_switches)


def _with_switches(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values with its switches by name."""
    if "released" not in values:
        return dict(values)
    return {**values, "released": named_switches(values["released"])}
