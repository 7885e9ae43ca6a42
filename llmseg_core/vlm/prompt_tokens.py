# SPDX-License-Identifier: Apache-2.0
"""The conversation with the VLM as token ids; its weights are not needed for it."""

from __future__ import annotations

from functools import cached_property

from transformers import PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig

from .conversation import Conversation, encoded
from .prompts import CONTROL_TOKENS, FIXED_ANSWER, SEG_TOKEN, UnaskableError, question_text

__all__ = ["PromptTokens"]

LONGEST_TOKEN = 64
"""characters; a text of more for each token that the VLM has room for is refused unread"""


class PromptTokens:
    """Writes prompts in tokens, and says which instructions the VLM has room for.

    Args:
        tokenizer: the VLM's, with the seg token and the conversation's.
        config: the question's template.
        conversation: of the VLM's family.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        config: SegTokenConfig,
        conversation: Conversation,
    ) -> None:
        self.tokenizer, self.config, self.conversation = tokenizer, config, conversation
        special = {str(each) for each in tokenizer.added_tokens_decoder.values() if each.special}
        self.control_tokens = sorted(special - {*CONTROL_TOKENS})
        self._last_prefix: tuple[tuple[int, int], list[int]] = (0, 0), []
        self._last_answer: tuple[str, list[int]] = "", []

    @cached_property
    def room(self) -> int:
        """Tokens that question and answer may take, beside the longest image and the text's end."""
        longest = self.prefix_ids(self.conversation.pixels.longest_grid)
        return self.conversation.positions - len(longest) - 1

    def prefix_ids(self, grid: tuple[int, int]) -> list[int]:
        """Token ids of the prompt up to and with an image, see `VlmImage`."""
        known, ids = self._last_prefix
        if known != grid or not ids:
            ids = self.conversation.prefix_ids(self.tokenizer, grid)
            self._last_prefix = grid, ids
        return ids

    def check(self, instruction: str, answer: str = FIXED_ANSWER) -> None:
        """Refuse an instruction that the VLM cannot be asked.

        Raises:
            UnaskableError: if it is empty, holds a control token or is too long.
        """
        self.tail_ids(instruction, answer)

    def question_ids(self, instruction: str) -> list[int]:
        """Token ids of the question.

        Raises:
            UnaskableError: if the instruction is empty, holds a control token or is far too long.
        """
        if len(instruction) > LONGEST_TOKEN * self.room:
            raise self._too_long(instruction, f"{len(instruction)} characters")
        question = question_text(self.config, instruction)
        for token in self.control_tokens:
            if token in instruction:
                raise UnaskableError(f"the instruction {instruction[:60]!r} must not have {token}")
        return encoded(self.tokenizer, self.conversation.asked(question))

    def tail_ids(self, instruction: str, answer: str) -> list[int]:
        """Token ids of question and answer.

        Raises:
            UnaskableError: as `check`.
            ValueError: if the answer does not contain the seg token once.
        """
        if answer.count(SEG_TOKEN) != 1:
            raise ValueError(f"the answer is {answer!r}, it must contain {SEG_TOKEN} once")
        known, answered = self._last_answer
        if known != answer:  # at inference it is always the same
            answered = encoded(self.tokenizer, self.conversation.answered(answer))
            self._last_answer = answer, answered
        ids = [*self.question_ids(instruction), *answered]
        if len(ids) > self.room:
            raise self._too_long(instruction, f"{len(ids)} tokens")
        return ids

    def _too_long(self, instruction: str, length: str) -> UnaskableError:
        return UnaskableError(
            f"question and answer for {instruction[:40]!r}... take {length}, "
            f"the VLM has room for {self.room}"
        )
