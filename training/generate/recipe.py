# SPDX-License-Identifier: Apache-2.0
"""What `llmseg generate run` does, as a YAML file says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from llmseg_core.config.limits import AtLeast, Below, NotEmpty
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from ..trainer.recipe_file import read_recipe
from .asking.drafts import AskRules
from .chat.budget import BudgetLimits
from .chat.model_config import ModelConfig
from .checks.balance import BalanceRules
from .checks.rules import QuestionRules
from .checks.verify import VerifyRules
from .masks.mask_checks import MaskRules
from .result.splits import SplitRules
from .shipped import CONFIGS, GENERATE_RECIPES
from .sources.sampling import RegionRules, Stratum

__all__ = ["GenerateRecipe", "load_generate_recipe"]


@dataclass(frozen=True)
class GenerateRecipe(Settings):
    """How questions are made of images. Relative paths begin in the working directory."""

    sources: Annotated[dict[str, Stratum], NotEmpty("at least one stratum of images")]
    """strata of images, by names of one's own; they are drawn from in their order"""
    asker: ModelConfig
    """the model that writes the questions"""
    describer: ModelConfig | None = None
    """the model that sees and describes images; null if ask.describe is "none" """
    verifier: ModelConfig | None = None
    """the second model; null verifies nothing"""
    sam: str | None = None
    """model directory with SAM, for boxes and for images without regions"""
    seed: Annotated[int, AtLeast(0), Below(2**32)] = 0
    """of everything that is drawn"""
    regions: RegionRules = field(default_factory=RegionRules)
    masks: MaskRules = field(default_factory=MaskRules)
    ask: AskRules = field(default_factory=AskRules)
    rules: QuestionRules = field(default_factory=QuestionRules)
    verify: VerifyRules = field(default_factory=VerifyRules)
    balance: BalanceRules = field(default_factory=BalanceRules)
    splits: SplitRules = field(default_factory=SplitRules)
    budget: BudgetLimits = field(default_factory=BudgetLimits)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.ask.describe == "none" or self.describer is not None,
            "describer",
            self.describer,
            f'a model, because ask.describe is "{self.ask.describe}"',
        )
        paper = self.ask.template == "paper"
        require(not (paper and self.ask.sees), "ask.sees", True, 'false with the template "paper"')


def load_generate_recipe(name: str | Path, settings: list[str] | None = None) -> GenerateRecipe:
    """Read a recipe.

    Args:
        name: of a shipped one, or a file.
        settings: values to set anew, such as "budget.requests=100".

    Raises:
        FileNotFoundError: if there is none.
        ValueError: naming file, section and key of a slip.
    """
    shipped = CONFIGS / f"{name}.yaml"
    path = shipped if str(name) in GENERATE_RECIPES else Path(name)
    known = f"shipped are {', '.join(GENERATE_RECIPES)}"
    return read_recipe(GenerateRecipe, path, known, settings or [])
