# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from llmseg_core.config import SegTokenConfig
from llmseg_core.config.templates import Template

NAME = Template("name")


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{name}", "{0} {x} }{"),
        ("Where is {name}?", "Where is {0} {x} }{?"),
        ("{name} or {name}", "{0} {x} }{ or {0} {x} }{"),
        ("{{{name}}} {{name}}", "{{0} {x} }{} {name}"),
    ],
)
def test_braces_in_what_is_filled_in_are_only_text(template: str, filled: str) -> None:
    NAME.check("wording", template)
    assert NAME.fill(template, "{0} {x} }{") == filled


@pytest.mark.parametrize(
    "template",
    [
        "", "what?", "{{name}}", "{name} {please}", "{please}", "{}", "{0}", "{name} {0}",
        "{name", "name}", "{name} }", "{name} {", "{name!r}", "{name:>9}", "{name:{name}}",
        "{name.upper}", "{name[0]}", "{ name }", "{Name}",
    ],
)  # fmt: skip
def test_anything_else_in_braces_is_refused(template: str) -> None:
    with pytest.raises(ValueError) as raised:
        NAME.check("wording", template)
    assert str(raised.value) == (
        f"wording is {template!r}, it must be a text with {{name}} and no other braces "
        "({{ and }} stand for braces)"
    )


def test_the_question_of_a_model_is_checked_when_its_settings_are_made() -> None:
    for question in ("{instruction} {please}", "{name}", "{instruction", "{instruction:9}"):
        with pytest.raises(ValueError, match=r"question is .* a text with {instruction} and no"):
            SegTokenConfig(question=question)
