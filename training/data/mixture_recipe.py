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
from typing import Annotated

from llmseg_core.config.limits import Above, NotEmpty
from llmseg_core.config.settings import Settings
from llmseg_core.config.yaml_file import read_yaml

__all__ = ["MIXTURE_FOLDER", "GroupRecipe", "MixtureRecipe", "load_mixture_recipe"]

MIXTURE_FOLDER = Path(__file__).resolve().parent.parent / "configs"
"""Where the shipped recipes lie: mixture_NAME.yaml."""


@dataclass(frozen=True)
class GroupRecipe(Settings):
    """One group of a recipe."""

    rate: Annotated[float, Above(0)]
    """how often a sample comes from this group, relative to the other groups"""
    data: Annotated[tuple[str, ...], NotEmpty("a list of data sets")]
    """names of data sets, as for `open_data`"""


@dataclass(frozen=True)
class MixtureRecipe(Settings):
    """What a file says."""

    groups: Annotated[dict[str, GroupRecipe], NotEmpty("names of groups, each with rate and data")]
    """groups by their names, which are for reports"""


def load_mixture_recipe(recipe: str) -> MixtureRecipe:
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
    if not path.exists():
        shipped = sorted(
            file.stem.removeprefix("mixture_") for file in MIXTURE_FOLDER.glob("mixture_*.yaml")
        )
        raise FileNotFoundError(
            f"there is no mixture {recipe!r}, it must be one of {', '.join(shipped)} "
            "or the path of a .yaml file"
        )
    return MixtureRecipe.from_dict(read_yaml(path), str(path))
