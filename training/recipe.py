"""The recipe of the embedded model: one YAML file, a dataclass a stage."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from .train_recognition import RecognitionRecipe
from .train_sam import SamRecipe
from .train_selection import LanguageRecipe, SelectionRecipe

__all__ = ["EMBEDDED_RECIPE", "EmbeddedRecipe", "SceneCounts", "load_recipe"]

EMBEDDED_RECIPE = Path(__file__).parent / "configs" / "embedded.yaml"


@dataclass(frozen=True)
class SceneCounts:
    """How many scenes are rendered."""

    train: int = 6000
    val: int = 400
    test: int = 300
    proposals: int = 4000
    """training scenes whose proposals the selection learns from"""

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if value < 1:
                raise ValueError(f"scenes.{spec.name} is {value}, it must be at least 1")


@dataclass(frozen=True)
class EmbeddedRecipe:
    """Everything that `make train-embedded` does, stage by stage."""

    seed: int = 0
    scenes: SceneCounts = field(default_factory=SceneCounts)
    sam: SamRecipe = field(default_factory=SamRecipe)
    recognition: RecognitionRecipe = field(default_factory=RecognitionRecipe)
    language: LanguageRecipe = field(default_factory=LanguageRecipe)
    selection: SelectionRecipe = field(default_factory=SelectionRecipe)


def load_recipe(path: Path = EMBEDDED_RECIPE) -> EmbeddedRecipe:
    """Read a recipe; unknown keys are refused by name.

    Raises:
        ValueError: naming file and key.
    """
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    stages: dict[str, type] = {
        "scenes": SceneCounts,
        "sam": SamRecipe,
        "recognition": RecognitionRecipe,
        "language": LanguageRecipe,
        "selection": SelectionRecipe,
    }
    parts = {
        name: _make(stages[name], value, f"{path}: {name}") if name in stages else value
        for name, value in values.items()
    }
    recipe: EmbeddedRecipe = _make(EmbeddedRecipe, parts, str(path))
    return recipe


def _make(cls: type, values: dict[str, Any], where: str) -> Any:
    unknown = sorted(set(values) - {spec.name for spec in fields(cls)})
    if unknown:
        known = ", ".join(spec.name for spec in fields(cls))
        raise ValueError(f"{where} has the unknown key {unknown[0]!r}; known are {known}")
    return cls(**values)
