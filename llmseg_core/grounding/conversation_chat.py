# SPDX-License-Identifier: Apache-2.0
"""Qwen2.5-VL, Qwen3-VL and SmolVLM as VLMs that answer in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from llmseg_core.vlm.conversation import Conversation, encoded

from .chat import LocalChat, SeenImage

__all__ = ["ConversationChat"]


class ConversationChat(LocalChat):
    """Asks a VLM in the words of its family.

    Args:
        model: the VLM; its device and dtype are used.
        tokenizer: its tokenizer.
        conversation: of its family, with how its images are made.
        max_tokens: most tokens of an answer.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerBase,
        conversation: Conversation,
        max_tokens: int = 512,
    ) -> None:
        super().__init__(model, tokenizer, max_tokens)
        self.conversation = conversation
        marks = tokenizer.added_tokens_decoder.values()
        self.marks = [str(mark) for mark in marks if mark.special]

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        seen = self.conversation.pixels.see(image, self.device)
        ids = self.conversation.prefix_ids(self.tokenizer, seen.grid)
        size = int(image.shape[0]), int(image.shape[1])
        return SeenImage(self.vlm.take_in(ids, seen), size, seen.seen_size)

    def tail_ids(self, question: str) -> list[int]:
        """See `LocalChat`; marks of turns and images in a question are taken apart."""
        for mark in self.marks:
            question = question.replace(mark, f"{mark[:1]} {mark[1:]}")
        return encoded(self.tokenizer, self.conversation.asked(question))
