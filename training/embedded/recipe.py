# SPDX-License-Identifier: Apache-2.0
"""The recipe of the embedded model: one YAML file, a dataclass a stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from llmseg_core.config import ProposalConfig
from llmseg_core.config.limits import AtLeast, Below, Between, OneOf
from llmseg_core.config.settings import Settings
from llmseg_core.model_dir.networks import embedded_config

from ..scenes import CATALOGUES, SceneConfig
from ..trainer.recipe_file import read_recipe
from .self_knowledge import CalibrateRecipe, FamiliarityRecipe
from .train_recognition import RecognitionRecipe
from .train_refiner import RefinerRecipe
from .train_sam import SamRecipe
from .train_selection import LanguageRecipe, SelectionRecipe, SelectorRecipe

__all__ = ["EMBEDDED_RECIPE", "EmbeddedRecipe", "SceneRecipe", "ShipRecipe", "load_recipe"]

EMBEDDED_RECIPE = Path(__file__).resolve().parents[1] / "configs" / "embedded.yaml"


@dataclass(frozen=True)
class SceneRecipe(Settings):
    """Which scenes are rendered, and how many."""

    train: Annotated[int, AtLeast(1)] = 6000
    val: Annotated[int, AtLeast(1)] = 400
    test: Annotated[int, AtLeast(1)] = 300
    proposals: Annotated[int, AtLeast(1)] = 4000
    """training scenes, from the last, whose proposals the selection learns from"""
    width: int = 320
    """pixels"""
    height: int = 240
    """pixels"""
    min_objects: int = 4
    max_objects: int = 8
    """objects on the table, both ends included"""
    categories: tuple[str, ...] = ()
    """what lies on the table, for trials that must be quick; empty is all of the catalogue"""
    catalogue: Annotated[str, OneOf(*CATALOGUES)] = "tabletop"
    """"tabletop", the 28 categories of the packaged model, or "household", 94 with those"""
    looks: Annotated[str, OneOf("plain", "rich")] = "plain"
    """see `SceneConfig`"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.categories:
            object.__setattr__(self, "categories", CATALOGUES[self.catalogue])
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
            looks=self.looks,
        )


@dataclass(frozen=True)
class ShipRecipe(Settings):
    """How the selection rule is chosen before the model is written."""

    scenes: Annotated[int, AtLeast(1)] = 200
    """validation scenes that are asked about"""
    questions: Annotated[int, AtLeast(1)] = 6
    """most questions a scene"""
    no_target_accuracy: Annotated[float, Between(0, 1)] = 0.82
    """least share of questions without a target that must be refused, [0, 1]"""


@dataclass(frozen=True)
class EmbeddedRecipe(Settings):
    """Everything that `make train-embedded` does, stage by stage."""

    seed: Annotated[int, AtLeast(0), Below(2**32)] = 0
    """of weights, orders and questions; scenes have their own"""
    scenes: SceneRecipe = field(default_factory=SceneRecipe)
    sam_scenes: SceneRecipe | None = None
    """training scenes of stage "sam"; null takes those of `scenes`"""
    sam: SamRecipe = field(default_factory=SamRecipe)
    refiner: RefinerRecipe | None = None
    """of SAM's masks, which `proposals.refine` then lets everything mode ask; null trains none"""
    proposals: ProposalConfig = field(default_factory=lambda: embedded_config().proposals)
    """everything mode of the model, from stage "proposals" on"""
    recognition: RecognitionRecipe = field(default_factory=RecognitionRecipe)
    language: LanguageRecipe = field(default_factory=LanguageRecipe)
    selector: SelectorRecipe | None = None
    """of the selector alone, before stage "selection"; null trains both together from the start"""
    selection: SelectionRecipe = field(default_factory=SelectionRecipe)
    ship: ShipRecipe = field(default_factory=ShipRecipe)
    calibrate: CalibrateRecipe = field(default_factory=CalibrateRecipe)
    familiarity: FamiliarityRecipe = field(default_factory=FamiliarityRecipe)


def load_recipe(path: Path = EMBEDDED_RECIPE) -> EmbeddedRecipe:
    """Read a recipe; what it does not name keeps its default.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file, stage and key, and quoting a bad value.
    """
    return read_recipe(EmbeddedRecipe, path, f"the project's own is {EMBEDDED_RECIPE}")
