# SPDX-License-Identifier: Apache-2.0
"""The conversation with the VLM as token ids; its weights are not needed for it."""

from __future__ import annotations

from transformers import LlavaConfig, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig

from .llava import image_token_count
from .prompts import (
    FIXED_ANSWER,
    IMAGE_END,
    IMAGE_START,
    IMAGE_TOKEN,
    UnaskableError,
    answer_text,
    question_text,
    system_text,
)

__all__ = ["PromptTokens"]

LONGEST_TOKEN = 64
"""characters; a text of more for each token that the VLM has room for is refused unread"""


class PromptTokens:
    """Writes prompts in tokens, and says which instructions the VLM has room for.

    Args:
        tokenizer: the VLM's, with the seg token and the image tokens.
        config: the conversation.
        llava: sizes of the VLM.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, config: SegTokenConfig, llava: LlavaConfig
    ) -> None:
        self.tokenizer, self.config, self.llava = tokenizer, config, llava
        self.prefix_ids = self._image_prefix_ids(image_token_count(llava))
        self.room = llava.text_config.max_position_embeddings - len(self.prefix_ids) - 1

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
        return self._encode(question_text(self.config, instruction))

    def tail_ids(self, instruction: str, answer: str) -> list[int]:
        """Token ids of question and answer.

        Raises:
            UnaskableError: as `check`.
        """
        ids = [*self.question_ids(instruction), *self._encode(answer_text(self.config, answer))]
        if len(ids) > self.room:
            raise self._too_long(instruction, f"{len(ids)} tokens")
        return ids

    def _too_long(self, instruction: str, length: str) -> UnaskableError:
        return UnaskableError(
            f"question and answer for {instruction[:40]!r}... take {length}, "
            f"the VLM has room for {self.room}"
        )

    def _image_prefix_ids(self, image_tokens: int) -> list[int]:
        """Token ids of the prompt up to and with the image."""
        bos = self.tokenizer.bos_token_id
        text = self._encode(system_text(self.config))
        image = [self._id(IMAGE_TOKEN)] * image_tokens
        if self.config.wrap_image:
            image = [self._id(IMAGE_START), *image, self._id(IMAGE_END)]
        return [*([] if bos is None else [bos]), *text, *image]

    def _id(self, token: str) -> int:
        return int(self.tokenizer.convert_tokens_to_ids(token))

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))
