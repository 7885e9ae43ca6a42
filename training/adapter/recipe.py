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
from ..learning.lisa_losses import MaskLossWeights
from ..learning.scoring import LossWeights
from ..trainer.recipe_file import read_recipe
from .lora import LoraRecipe
from .parts import LOAD_IN
from .released import ReleasedSwitches, named_switches
from .shipped import CONFIGS, SHIPPED

__all__ = ["SHIPPED", "AdapterRecipe", "load_adapter_recipe"]

_Place = Annotated[str, NotBlank("a path")]
SCHEDULES = ("linear", "cosine", "constant")


@dataclass(frozen=True)
class AdapterRecipe(Settings):
    """Everything that `llmseg train` needs to know; paths begin at the working directory.

    A step takes global_batch images, or batch_size x accumulation in each process.
    """

    model: _Place
    """model directory to begin with, LLM-Seg's or LISA's; one with an adapter goes on with it"""
    data: _Place
    """training data, KIND:PATH:SPLIT or a folder of our format"""
    proposals: _Place | None = None
    """folder of its stored proposals; null computes them anew whenever an image is drawn"""
    validation: _Place | None = None
    """data on which the best model is chosen; null keeps the last one only"""
    validation_proposals: _Place | None = None
    """folder of its stored proposals; null computes them anew"""
    begin_with: _Place | None = None
    """checkpoint-N of another training, or its model.safetensors: its weights are taken to begin
    with, and nothing else of it (`--from`)"""
    steps: Annotated[int, AtLeast(1)] = 5000
    """optimizer steps; 500 are what the paper calls an epoch"""
    batch_size: Annotated[int, AtLeast(1)] = 1
    """images at once in each process"""
    accumulation: Annotated[int, AtLeast(1)] = 10
    """batches a step in each process, where `global_batch` is null"""
    global_batch: Annotated[int, AtLeast(1)] | None = None
    """images a step, of all processes together, which take as many batches as that needs; null
    lets the batch grow with the number of processes"""
    questions: Annotated[int, Between(1, 1000)] = 3
    """most questions an image"""
    learning_rate: Annotated[float, Between(1e-8, 1)] = 1e-4
    """after warm-up"""
    schedule: Annotated[str, OneOf(*SCHEDULES)] = "linear"
    """how the rate changes after warm-up: "linear" or "cosine" to 0, or "constant" """
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
    """whether the selector, or what LISA draws with, begins anew though the model has one"""
    lora: LoraRecipe = field(default_factory=LoraRecipe)
    losses: LossWeights = field(default_factory=LossWeights)
    """weights of the losses; of a LISA only the language model's counts"""
    mask_losses: MaskLossWeights = field(default_factory=MaskLossWeights)
    """weights of the other losses of a LISA"""
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
    patience: Annotated[int, AtLeast(1)] | None = None
    """validations without a better gIoU after which the training ends; null takes all steps"""
    report_to: tuple[str, ...] = ("tensorboard",)
    """where the log goes: tensorboard, wandb, mlflow, comet_ml, aim, clearml, dvclive, swanlab or
    trackio, each with its own package; [] nowhere but to the terminal"""

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = f"in [0, {self.steps}]"
        require(self.warmup_steps <= self.steps, "warmup_steps", self.warmup_steps, wanted)
        alone = self.patience is None or self.validation is not None
        require(alone, "patience", self.patience, "null where there is no validation")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as a recipe file has them: `accumulation` where it says something."""
        plain = super().to_dict()
        if self.global_batch is not None:
            del plain["accumulation"]
        return plain

    def batches_a_step(self, processes: int) -> int:
        """Batches that each of so many processes takes for a step.

        Raises:
            ValueError: if they cannot share the global batch equally.
        """
        if self.global_batch is None:
            return self.accumulation
        share = self.batch_size * processes
        if self.global_batch % share:
            able = [
                count
                for count in range(1, self.global_batch // self.batch_size + 1)
                if self.global_batch % (self.batch_size * count) == 0
            ]
            raise ValueError(
                f"global_batch is {self.global_batch}, which {processes} processes with a "
                f"batch_size of {self.batch_size} cannot share: "
                + f"start one of {', '.join(map(str, able))}, or " * bool(able)
                + "set another global_batch"
            )
        return self.global_batch // share


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
    named = {setting.partition("=")[0] for setting in settings}
    for one, other in (("accumulation", "global_batch"), ("global_batch", "accumulation")):
        if one in named and other not in named:  # what is said last takes the other's place
            settings = [*settings, f"{other}=null"]
    return read_recipe(AdapterRecipe, path, known, settings, _with_switches)


def _with_switches(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values with its switches by name, and one of two ways to say the batch."""
    values = {**values}
    if values.get("accumulation", 0) is None:
        del values["accumulation"]
    if values.get("global_batch") is not None and "accumulation" in values:
        raise ValueError(
            f"accumulation is {values['accumulation']}, but follows from global_batch, which is "
            f"{values['global_batch']}: leave one of them out, or set global_batch=null"
        )
    if "released" not in values:
        return dict(values)
    return {**values, "released": named_switches(values["released"])}
