# SPDX-License-Identifier: Apache-2.0
"""Whether a VLM can be asked what a data set asks."""

from __future__ import annotations

from llmseg_core.vlm.prompt_tokens import PromptTokens
from llmseg_core.vlm.prompts import ANSWERS, CLASS_QUESTIONS, QUESTIONS

from ..data import DataSample, QuestionKind

__all__ = ["Askable"]

_LONGEST_ANSWER = max(ANSWERS, key=len)


class Askable:
    """A check of samples (`ImageData.require`): every question fits, in the longest wording.

    Args:
        prompts: of the VLM.
    """

    def __init__(self, prompts: PromptTokens) -> None:
        self.prompts = prompts

    def __call__(self, sample: DataSample) -> None:
        """Refuse a sample with a question that the VLM has no room for.

        Raises:
            UnaskableError: naming the question.
        """
        for question in sample.questions:
            whole = question.kind is QuestionKind.INSTRUCTION
            for text in filter(None, (question.text, question.other_text)):
                if whole:
                    asked = max(QUESTIONS, key=len).format(instruction=text)
                else:
                    asked = max(CLASS_QUESTIONS, key=len).format(name=text)
                self.prompts.check(asked, _LONGEST_ANSWER)
