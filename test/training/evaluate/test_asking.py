# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from llmseg_core.config import GroundingConfig, LisaConfig, LLMSegConfig, SegTokenConfig
from llmseg_training.data import DataQuestion, QuestionKind
from llmseg_training.evaluate.asking import (
    AS_IT_IS,
    RELEASED_PHRASE_QUESTION,
    asked_text,
    phrase_question,
    wording_for,
)


def question(text: str, kind: QuestionKind) -> DataQuestion:
    return DataQuestion(text, kind, np.zeros((2, 2), dtype=bool))


def test_sentences_stay_and_phrases_are_asked() -> None:
    wording = phrase_question(SegTokenConfig())
    sentence = question("what could I cut this with?", QuestionKind.INSTRUCTION)
    assert asked_text(sentence, wording) == "what could I cut this with?"
    for kind in (QuestionKind.PHRASE, QuestionKind.CATEGORY):
        text = asked_text(question("the {red} cup", kind), wording)
        assert text == "What is the {red} cup in this image?"


def test_a_model_of_bare_phrases_is_asked_bare_phrases() -> None:
    wording = phrase_question(SegTokenConfig(question="{instruction}"))
    assert asked_text(question("the cup", QuestionKind.PHRASE), wording) == "the cup"


def test_each_method_is_asked_as_it_was_trained() -> None:
    bare = SegTokenConfig(question="{instruction}")
    for config, wording in (
        (LLMSegConfig(), RELEASED_PHRASE_QUESTION),
        (LisaConfig(), RELEASED_PHRASE_QUESTION),
        (LisaConfig(seg_token=bare), AS_IT_IS),
        (GroundingConfig(), AS_IT_IS),
    ):
        assert wording_for(config) == wording


@pytest.mark.parametrize("wording", ["what?", "{name} {please}", "{name", "{0}", "{name:9}"])
def test_a_wording_has_a_place_for_the_name_and_no_other(wording: str) -> None:
    with pytest.raises(ValueError) as raised:
        asked_text(question("the cup", QuestionKind.PHRASE), wording)
    assert str(raised.value).startswith(
        f"the wording of phrases is {wording!r}, it must be a text with {{name}} and no other"
    )


def test_blanks_around_a_phrase_are_dropped() -> None:
    """As the released evaluation does; "The Dog " answered otherwise than "The Dog"."""
    asked = asked_text(question(" The Dog ", QuestionKind.PHRASE), "What is {name} in this image?")
    assert asked == "What is The Dog in this image?"
