# SPDX-License-Identifier: Apache-2.0
"""docs/differences.md names every switch of a recipe, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from llmseg_training.adapter.recipe import SHIPPED, load_adapter_recipe
from llmseg_training.adapter.released import ReleasedSwitches

PAGE = Path(__file__).resolve().parents[2] / "docs" / "differences.md"
TEXT = PAGE.read_text(encoding="utf-8")
SWITCHES = TEXT.split("## Switches")[1].split("## ")[0]


def test_the_table_names_every_switch() -> None:
    named = re.findall(r"\| `(\w+)` \|$", SWITCHES, re.MULTILINE)
    assert sorted(named) == sorted(spec.name for spec in fields(ReleasedSwitches))


def test_the_page_names_the_recipes_that_have_them_on() -> None:
    named = re.findall(r"`(\w+)`", SWITCHES.split("In the recipes of")[1].split(")")[0])
    off = ReleasedSwitches()
    assert named == [name for name in SHIPPED if load_adapter_recipe(name).released != off]


def test_the_key_of_every_other_setting_is_there() -> None:
    assert load_adapter_recipe("paper_10_epochs", ["released.lower_case=false"])
    assert "`--set released.lower_case=false`" in SWITCHES
