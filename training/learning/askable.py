# SPDX-License-Identifier: Apache-2.0
"""Whether a VLM can be asked what a data set asks."""

from __future__ import annotations

from dataclasses import replace

from llmseg_core.vlm.prompt_tokens import PromptTokens
from llmseg_core.vlm.prompts import ANSWERS, CLASS_QUESTIONS, QUESTIONS

from ..data import DataSample, QuestionKind

__all__ = ["Askable"]

_ANSWER, _QUESTION, _CLASS_QUESTION = (
    max(texts, key=len) for texts in (ANSWERS, QUESTIONS, CLASS_QUESTIONS)
)


class Askable:
    """A check of samples (`ImageData.require`): every question fits, in the longest wording.

    Args:
        prompts: of the VLM.
    """

    def __init__(self, prompts: PromptTokens) -> None:
        whole = replace(prompts.config, question="{instruction}")
        self.prompts = PromptTokens(prompts.tokenizer, whole, prompts.conversation)
        self.bare = prompts.config.question.strip() == whole.question

    def __call__(self, sample: DataSample) -> None:
        """Refuse a sample with a question that the VLM has no room for.

        Raises:
            UnaskableError: naming the question.
        """
        for question in sample.questions:
            for text in filter(None, (question.text, question.other_text)):
                self.prompts.check(self._asked(text, question.kind), _ANSWER)

    def _asked(self, text: str, kind: QuestionKind) -> str:
        """The longest sentence that a text is asked in."""
        if self.bare:
            return text
        if kind is QuestionKind.INSTRUCTION:
            return _QUESTION.format(instruction=text)
        return _CLASS_QUESTION.format(name=text)
