# SPDX-License-Identifier: Apache-2.0
"""The recipe of a training of adapter and selector: one YAML file for `llmseg train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..data import BrokenPolicy
from ..learning.scoring import LossWeights
from ..trainer.recipe_checks import check_numbers
from ..trainer.recipe_file import make_recipe, override, read_yaml
from .lora import LoraRecipe
from .parts import LOAD_IN
from .released import ReleasedSwitches, named_switches

__all__ = ["SHIPPED", "AdapterRecipe", "load_adapter_recipe"]

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
SHIPPED = (
    "paper_10_epochs",
    "paper_20_epochs",
    "zero_shot",
    "llmseg40k_finetune",
    "finetune_folder",
)
"""Names of the recipes that come with the package."""
_ANY = float("inf")
_CHOICES = {
    "precision": ("bfloat16", "float32"),
    "attention": ("sdpa", "eager", "flash_attention_2"),
    "load_in": (None, *LOAD_IN),
    "broken": tuple(policy.value for policy in BrokenPolicy),
}


@dataclass(frozen=True)
class AdapterRecipe:
    """Everything that `llmseg train` needs to know; paths begin at the working directory.

    A step takes batch_size x accumulation samples in each process.
    """

    model: str
    """model directory to begin with; one with an adapter goes on with it"""
    data: str
    """training data, KIND:PATH:SPLIT or a folder of our format"""
    proposals: str | None = None
    """folder of its stored proposals; null computes them anew whenever an image is drawn"""
    validation: str | None = None
    """data on which the best model is chosen; null keeps the last one only"""
    validation_proposals: str | None = None
    """folder of its stored proposals; null computes them anew"""
    steps: int = 5000
    """optimizer steps; 500 are what the paper calls an epoch"""
    batch_size: int = 1
    """images at once"""
    accumulation: int = 10
    """batches a step"""
    questions: int = 3
    """most questions an image"""
    learning_rate: float = 1e-4
    """after warm-up; from there it falls to 0 along a line"""
    warmup_steps: int = 100
    """first steps, over which the rate rises from 0"""
    adam_beta1: float = 0.9
    """decay of the mean of gradients"""
    adam_beta2: float = 0.95
    """decay of the mean of squared gradients"""
    weight_decay: float = 0.0
    clip: float = 1.0
    """greatest norm of a step's gradient"""
    seed: int = 0
    """of new weights, draws and dropout"""
    new_selector: bool = False
    """whether the selector begins anew though the model has one"""
    lora: LoraRecipe = field(default_factory=LoraRecipe)
    losses: LossWeights = field(default_factory=LossWeights)
    released: ReleasedSwitches = field(default_factory=ReleasedSwitches)
    """what is done as the released code does it; true turns all switches on"""
    precision: str = "bfloat16"
    """of frozen weights and of the arithmetic: "bfloat16" or "float32"; what learns is float32"""
    load_in: str | None = None
    """frozen language model in "8bit" or "4bit" (bitsandbytes), to save memory; null does not"""
    attention: str = "sdpa"
    """implementation of attention: "sdpa", "eager" or "flash_attention_2" """
    gradient_checkpointing: bool = True
    """compute activations twice instead of keeping them"""
    zero2: bool = False
    """whether processes share gradients and Adam's state by DeepSpeed ZeRO-2"""
    broken: str = "fatal"
    """what happens when a sample cannot be read: "fatal" or "skip" """
    workers: int = 4
    """processes that read data; 0 reads between steps, as does a training without `proposals`"""
    validate_steps: int = 500
    """steps between validations"""
    validation_samples: int | None = None
    """validation images that are asked about, the first ones; null asks about all"""
    save_steps: int = 100
    """steps between checkpoints; the last two are kept"""
    log_steps: int = 10
    """steps between lines of the log"""

    def __post_init__(self) -> None:
        check_numbers(
            self,
            steps=(1, _ANY),
            batch_size=(1, _ANY),
            accumulation=(1, _ANY),
            questions=(1, 1000),
            learning_rate=(1e-8, 1.0),
            warmup_steps=(0, self.steps),
            adam_beta1=(0, 0.9999),
            adam_beta2=(0, 0.9999),
            weight_decay=(0, 1),
            clip=(1e-6, _ANY),
            validate_steps=(1, _ANY),
            save_steps=(1, _ANY),
            log_steps=(1, _ANY),
        )
        check_numbers(self.losses)
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                wanted = ", ".join("null" if each is None else each for each in allowed)
                raise ValueError(f"{name} is {value!r}, it must be one of {wanted}")
        for spec in fields(self):
            value = getattr(self, spec.name)
            if spec.type == "bool" and not isinstance(value, bool):
                raise ValueError(f"{spec.name} is {value!r}, it must be true or false")
        for name in ("model", "data", "proposals", "validation", "validation_proposals"):
            self._check_text(name, optional=name not in ("model", "data"))
        count = self.validation_samples
        if count is not None and (not isinstance(count, int) or count < 1):
            raise ValueError(f"validation_samples is {count!r}, it must be null or at least 1")

    def _check_text(self, name: str, optional: bool) -> None:
        value = getattr(self, name)
        if optional and value is None:
            return
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name} is {value!r}, it must be a path" + " or null" * optional)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML."""
        plain = asdict(self)
        plain["lora"]["projections"] = list(self.lora.projections)
        return plain


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
    values = read_yaml(path, f"shipped are {', '.join(SHIPPED)}")
    if isinstance(values, dict):
        values = _with_switches(override(_with_switches(values), settings))
    parts = {"lora": LoraRecipe, "losses": LossWeights, "released": ReleasedSwitches}
    return make_recipe(AdapterRecipe, values, str(path), parts)


def _with_switches(values: dict[str, Any]) -> dict[str, Any]:
    """A recipe's values with its switches by name."""
    if "released" not in values:
        return values
    return {**values, "released": named_switches(values["released"])}
