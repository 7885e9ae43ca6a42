# SPDX-License-Identifier: Apache-2.0
"""Settings of the methods and of their VLM."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmseg_core.config import (
    BoxFormat,
    ConceptConfig,
    GroundingConfig,
    LisaConfig,
    LLMSegConfig,
    MarksConfig,
    SelectionConfig,
    TwoStageConfig,
    VlmConfig,
)
from llmseg_core.config.llm_seg import INSTRUCTION
from llmseg_core.methods.description import MethodDescription

SERVER = {"url": "http://127.0.0.1:8000/v1", "model": "some-vlm"}


@pytest.mark.parametrize("cls", [GroundingConfig, TwoStageConfig, MarksConfig, ConceptConfig])
def test_a_path_stands_for_the_section(cls: Any) -> None:
    config = cls.from_dict({"vlm": "../some-vlm", "selection": {"min_confidence": 0.5}})
    assert config.vlm == VlmConfig(path="../some-vlm")
    assert config.selection == SelectionConfig(min_confidence=0.5)
    assert cls.from_dict(config.to_dict()) == config


def test_what_may_be_left_out() -> None:
    assert GroundingConfig.from_dict({"method": "grounding"}).vlm.path == "vlm"
    assert TwoStageConfig.from_dict({"method": "two_stage"}).vlm is None


def test_a_server_needs_a_format() -> None:
    config = GroundingConfig.from_dict({"vlm": SERVER, "box_format": "thousand"})
    assert config.box_format is BoxFormat.THOUSAND
    with pytest.raises(ValueError, match="box_format is None, it must be absolute, thousand or"):
        GroundingConfig.from_dict({"vlm": SERVER})
    assert TwoStageConfig.from_dict({"vlm": SERVER}).vlm.model == "some-vlm"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vlm": {**SERVER, "timeout_s": 0}}, "timeout_s is 0, it must be above 0"),
        ({"vlm": {**SERVER, "model": " "}}, "model is ' ', it must be the name of the model"),
        ({"vlm": {"path": "a", "max_tokens": 0}}, "max_tokens is 0, it must be at least 1"),
        ({"vlm": {"path": "a", "max_pixels": 9}}, "max_pixels is 9, it must be .*at least 784"),
        ({"vlm": 7}, "vlm is 7, it must be"),
        ({"question": "what?"}, "question is 'what\\?', it must be a text with {instruction}"),
        ({"method": "two_stage"}, "method is 'two_stage', it must be one of grounding"),
        ({"locator": "a"}, "unknown key 'locator'"),
        (None, "is empty"),
        ([], "it must be a mapping"),
    ],
)
def test_bad_values(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GroundingConfig.from_dict(values)


CONFIGS = {
    each.method: each
    for each in (
        LLMSegConfig,
        GroundingConfig,
        TwoStageConfig,
        LisaConfig,
        MarksConfig,
        ConceptConfig,
    )
}


def test_what_the_page_shows_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "methods.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    shown = {values.get("method", "grounding") for values in blocks}
    assert shown == CONFIGS.keys()
    for values in blocks:
        CONFIGS[values.get("method", "grounding")].from_dict(values)
    (reasoner,) = (GroundingConfig.from_dict(each) for each in blocks if "question" in each)
    asked = INSTRUCTION.fill(reasoner.question, "the cup")
    assert '"the cup"' in asked
    assert '<answer>[{"bbox_2d": [10,100,200,210], "point_2d": [30,110]}]</answer>' in asked


@pytest.mark.parametrize("cls", [LLMSegConfig, LisaConfig])
def test_the_vlm_stands_for_the_llava(cls: Any) -> None:
    for given in ("../smolvlm", {"path": "../smolvlm"}):
        config = cls.from_dict({"vlm": given})
        assert config.vlm.path == "../smolvlm"
    written = config.to_dict()
    assert "llava" not in written
    assert cls.from_dict(written) == config
    assert "vlm" not in cls().to_dict()
    with pytest.raises(ValueError, match="vlm: max_pixels is 3, it must be null or at least 784"):
        cls.from_dict({"vlm": {"path": "a", "max_pixels": 3}})


def test_descriptions_name_real_settings() -> None:
    with pytest.raises(ValueError, match="selection has 'colour', it must be among rule, "):
        MethodDescription("a", "names", False, ("colour",))
