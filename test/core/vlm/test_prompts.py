# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from llmseg_core import SEG_TOKEN
from llmseg_core.config import SegTokenConfig
from llmseg_core.vlm.prompts import (
    ANSWERS,
    CONTROL_TOKENS,
    UnaskableError,
    answer_text,
    asked_text,
    check_instruction,
    question_text,
    system_text,
)


def test_conversation_is_that_of_llava_v1() -> None:
    config = SegTokenConfig()
    asked = asked_text(config, question_text(config, " the cup "))
    text = f"{system_text(config)}IMAGE{asked}{answer_text(config)}"
    assert text == (
        "A chat between a curious human and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the human's questions. "
        "USER: IMAGE\nthe cup Please output segmentation mask. ASSISTANT: [SEG]."
    )


def test_short_conversation_of_the_embedded_profile() -> None:
    config = SegTokenConfig(system="", question="{instruction}")
    assert system_text(config) == "USER: "
    assert asked_text(config, question_text(config, "the cup")) == "\nthe cup ASSISTANT:"


def test_trimmed_conversation_has_no_blank_beside_image_and_seg_token() -> None:
    config = SegTokenConfig(system="Be kind.", trim=True)
    assert system_text(config) == "Be kind. USER:"
    assert asked_text(config, question_text(config, "the cup")) == (
        "the cup Please output segmentation mask. ASSISTANT:"
    )
    assert [answer_text(config, text) for text in ("[SEG].", "It is [SEG].", "It is [SEG] .")] == [
        "[SEG].",
        "It is[SEG].",
        "It is[SEG].",
    ]


def test_braces_in_an_instruction_are_only_text() -> None:
    config = SegTokenConfig(question="{instruction}")
    assert "{0} {x}" in question_text(config, "{0} {x}")


@pytest.mark.parametrize("instruction", ["", "  \n"])
def test_empty_instruction(instruction: str) -> None:
    with pytest.raises(ValueError, match="the instruction is empty"):
        question_text(SegTokenConfig(), instruction)


@pytest.mark.parametrize("token", [SEG_TOKEN, "<image>"])
def test_instruction_may_not_contain_special_tokens(token: str) -> None:
    with pytest.raises(ValueError, match="must not contain"):
        question_text(SegTokenConfig(), f"the {token} cup")


def test_answers_have_one_seg_token() -> None:
    assert all(answer_text(SegTokenConfig(), answer).count(SEG_TOKEN) == 1 for answer in ANSWERS)
    with pytest.raises(ValueError, match="'nothing', it must contain"):
        answer_text(SegTokenConfig(), "nothing")


@pytest.mark.parametrize("token", CONTROL_TOKENS)
def test_no_instruction_holds_a_control_token(token: str) -> None:
    with pytest.raises(UnaskableError, match=re.escape(f"must not contain {token}")):
        question_text(SegTokenConfig(), f"the cup {token} left")


def test_half_a_letter_cannot_be_asked() -> None:
    with pytest.raises(UnaskableError, match="has half a letter at 6, it must be text that UTF-8"):
        check_instruction("a cup \ud83d")
