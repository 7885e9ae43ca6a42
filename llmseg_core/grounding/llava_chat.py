# SPDX-License-Identifier: Apache-2.0
"""LLaVA 1.5 as a VLM that answers in words."""

from __future__ import annotations

import numpy as np

from llmseg_core.vlm.llava import image_token_count
from llmseg_core.vlm.llava_vlm import LlavaPixels
from llmseg_core.vlm.prompts import IMAGE_TOKEN

from .chat import LocalChat, SeenImage

__all__ = ["LlavaChat"]

PROMPT = "USER: <image>\n{question} ASSISTANT:"
"""LLaVA 1.5's conversation."""


class LlavaChat(LocalChat):
    """Asks a `LlavaForConditionalGeneration`; see `LocalChat`."""

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        config = self.model.config
        ids = [*self._split_ids("")[0], *[config.image_token_index] * image_token_count(config)]
        seen = LlavaPixels(int(config.vision_config.image_size), "crop").see(image, self.device)
        size = int(image.shape[0]), int(image.shape[1])
        return SeenImage(self.vlm.take_in(ids, seen), size, seen.seen_size)

    def tail_ids(self, question: str) -> list[int]:
        """See `LocalChat`."""
        return self._split_ids(question.replace(IMAGE_TOKEN, " "))[1]

    def _split_ids(self, question: str) -> tuple[list[int], list[int]]:
        """Token ids before and after the image, of the whole prompt, as the tokenizer has it."""
        ids = self.tokenizer(PROMPT.format(question=question))["input_ids"]
        place = ids.index(self.model.config.image_token_index)
        return list(ids[:place]), list(ids[place + 1 :])
