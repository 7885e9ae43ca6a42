# SPDX-License-Identifier: Apache-2.0
"""The recipe of the embedded model: one YAML file, a dataclass a stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..scenes import CATEGORIES, SceneConfig
from ..trainer.recipe_checks import check_numbers
from ..trainer.recipe_file import make_recipe, read_yaml
from .train_recognition import RecognitionRecipe
from .train_sam import SamRecipe
from .train_selection import LanguageRecipe, SelectionRecipe

__all__ = ["EMBEDDED_RECIPE", "EmbeddedRecipe", "SceneRecipe", "ShipRecipe", "load_recipe"]

EMBEDDED_RECIPE = Path(__file__).resolve().parents[1] / "configs" / "embedded.yaml"
_ANY = float("inf")


@dataclass(frozen=True)
class SceneRecipe:
    """Which scenes are rendered, and how many."""

    train: int = 6000
    val: int = 400
    test: int = 300
    proposals: int = 4000
    """training scenes, from the last, whose proposals the selection learns from"""
    width: int = 320
    """pixels"""
    height: int = 240
    """pixels"""
    min_objects: int = 4
    max_objects: int = 8
    """objects on the table, both ends included"""
    categories: tuple[str, ...] = tuple(CATEGORIES)
    """what lies on the table; for trials that must be quick"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", tuple(self.categories))
        check_numbers(
            self,
            train=(1, _ANY),
            val=(1, _ANY),
            test=(1, _ANY),
            proposals=(1, _ANY),
        )
        _ = self.config  # checks the rest

    @property
    def config(self) -> SceneConfig:
        """What the renderer is told."""
        return SceneConfig(
            width=self.width,
            height=self.height,
            min_objects=self.min_objects,
            max_objects=self.max_objects,
            categories=self.categories,
        )


@dataclass(frozen=True)
class ShipRecipe:
    """How the selection rule is chosen before the model is written."""

    scenes: int = 200
    """validation scenes that are asked about"""
    questions: int = 6
    """most questions a scene"""
    no_target_accuracy: float = 0.82
    """least share of questions without a target that must be refused, [0, 1]"""

    def __post_init__(self) -> None:
        check_numbers(self, scenes=(1, _ANY), questions=(1, _ANY), no_target_accuracy=(0, 1))


@dataclass(frozen=True)
class EmbeddedRecipe:
    """Everything that `make train-embedded` does, stage by stage."""

    seed: int = 0
    """of weights, orders and questions; scenes have their own"""
    scenes: SceneRecipe = field(default_factory=SceneRecipe)
    sam: SamRecipe = field(default_factory=SamRecipe)
    recognition: RecognitionRecipe = field(default_factory=RecognitionRecipe)
    language: LanguageRecipe = field(default_factory=LanguageRecipe)
    selection: SelectionRecipe = field(default_factory=SelectionRecipe)
    ship: ShipRecipe = field(default_factory=ShipRecipe)

    def __post_init__(self) -> None:
        check_numbers(self)


_STAGES: dict[str, type] = {
    "scenes": SceneRecipe,
    "sam": SamRecipe,
    "recognition": RecognitionRecipe,
    "language": LanguageRecipe,
    "selection": SelectionRecipe,
    "ship": ShipRecipe,
}


def load_recipe(path: Path = EMBEDDED_RECIPE) -> EmbeddedRecipe:
    """Read a recipe; what it does not name keeps its default.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file, stage and key, and quoting a bad value.
    """
    values = read_yaml(path, f"the project's own is {EMBEDDED_RECIPE}")
    return make_recipe(EmbeddedRecipe, values, str(path), _STAGES)
