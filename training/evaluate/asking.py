# SPDX-License-Identifier: Apache-2.0
"""How a data set's question is put to a model."""

from __future__ import annotations

from llmseg_core.config import LisaConfig, LLMSegConfig, SegTokenConfig
from llmseg_core.config.templates import Template

from ..data import DataQuestion, QuestionKind

__all__ = [
    "AS_IT_IS",
    "PHRASE",
    "RELEASED_PHRASE_QUESTION",
    "asked_text",
    "phrase_question",
    "wording_for",
]

RELEASED_PHRASE_QUESTION = "What is {name} in this image?"
"""What the released evaluation asks about a short phrase; the model's own request follows."""
AS_IT_IS = "{name}"
"""What a method is asked that was not trained with a question around phrases."""
PHRASE = Template("name")
"""What stands around a phrase or the name of a class."""


def phrase_question(config: SegTokenConfig) -> str:
    """The wording for phrases and class names that a model was trained with.

    A model whose template adds a request to segment was trained as the paper's, with a question
    around every phrase; one whose template adds nothing was trained on bare phrases.
    """
    bare = config.question.strip() == "{instruction}"
    return AS_IT_IS if bare else RELEASED_PHRASE_QUESTION


def wording_for(config: object) -> str:
    """The wording for phrases and class names that a method is asked in.

    Args:
        config: the method's; LLM-Seg and LISA were trained with one, others take the phrase itself.
    """
    if isinstance(config, LLMSegConfig | LisaConfig):
        return phrase_question(config.seg_token)
    return AS_IT_IS


def asked_text(question: DataQuestion, wording: str = AS_IT_IS) -> str:
    """The instruction that a model gets.

    Args:
        question: of a data set.
        wording: around a phrase or the name of a class, with "{name}"; sentences stay as they are.

    Raises:
        ValueError: if the wording has no "{name}", or anything else in braces.
    """
    PHRASE.check("the wording of phrases", wording)
    if question.kind is QuestionKind.INSTRUCTION:
        return question.text
    return PHRASE.fill(wording, question.text.strip())
