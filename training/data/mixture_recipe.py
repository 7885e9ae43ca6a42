# SPDX-License-Identifier: Apache-2.0
"""Recipes of mixtures: YAML files that name groups, their rates and their data sets.

    groups:
      semantic: {rate: 9, data: ["ade20k:.:training", "coco_stuff:.:train2017"]}
      reasoning: {rate: 1, data: ["reason_seg:.:train"]}

Data sets are named as on a command line; their paths begin at the root that is given when the
mixture is opened, "mixture:ROOT:RECIPE".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["MIXTURE_FOLDER", "GroupRecipe", "load_mixture_recipe"]

MIXTURE_FOLDER = Path(__file__).resolve().parent.parent / "configs"
"""Where the shipped recipes lie: mixture_NAME.yaml."""


@dataclass(frozen=True)
class GroupRecipe:
    """One group of a recipe.

    Attributes:
        name: for reports.
        rate: relative to the other groups, above 0.
        data: names of data sets, as for `open_data`.
    """

    name: str
    rate: float
    data: tuple[str, ...]


def load_mixture_recipe(recipe: str) -> tuple[GroupRecipe, ...]:
    """Read a recipe.

    Args:
        recipe: the name of a shipped one, such as "paper", or the path of a YAML file.

    Raises:
        FileNotFoundError: if there is no such recipe, naming those that are shipped.
        ValueError: if the file is not as above, saying where.
    """
    path = MIXTURE_FOLDER / f"mixture_{recipe}.yaml"
    if recipe.endswith((".yaml", ".yml")):
        path = Path(recipe).expanduser()
    if not path.is_file():
        shipped = sorted(
            file.stem.removeprefix("mixture_") for file in MIXTURE_FOLDER.glob("mixture_*.yaml")
        )
        raise FileNotFoundError(
            f"there is no mixture {recipe!r}, it must be one of {', '.join(shipped)} "
            "or the path of a .yaml file"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    groups = (
        content.get("groups") if isinstance(content, dict) and set(content) == {"groups"} else None
    )
    if not isinstance(groups, dict) or not groups:
        raise ValueError(f"{path} must have the one key groups, with names of groups under it")
    return tuple(_group(name, value, path) for name, value in groups.items())


def _group(name: str, value: Any, path: Path) -> GroupRecipe:
    if not isinstance(value, dict) or set(value) != {"rate", "data"}:
        raise ValueError(f"{path}: {name} is {value!r}, it must have the keys rate and data")
    rate, data = value["rate"], value["data"]
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0:
        raise ValueError(f"{path}: the rate of {name} is {rate!r}, it must be a number above 0")
    if not isinstance(data, list) or not data or not all(isinstance(each, str) for each in data):
        raise ValueError(f"{path}: data of {name} is {data!r}, it must be a list of data sets")
    return GroupRecipe(name, float(rate), tuple(data))
