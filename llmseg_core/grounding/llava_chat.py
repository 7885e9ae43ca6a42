# SPDX-License-Identifier: Apache-2.0
"""LLaVA 1.5 as a VLM that answers in words."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from llmseg_core.images.clip_pixels import clip_input
from llmseg_core.images.image_ops import check_image
from llmseg_core.vlm.llava import cache_argument, image_token_count
from llmseg_core.vlm.prompts import IMAGE_TOKEN

from .chat import LocalChat, SeenImage, prefix_of

__all__ = ["LlavaChat"]

PROMPT = "USER: <image>\n{question} ASSISTANT:"
"""LLaVA 1.5's conversation."""


class LlavaChat(LocalChat):
    """Asks a `LlavaForConditionalGeneration`; see `LocalChat`."""

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        config = self.model.config
        side = int(config.vision_config.image_size)
        ids = [*self._split_ids("")[0], *[config.image_token_index] * image_token_count(config)]
        cache = DynamicCache()
        self.model.model(
            input_ids=torch.tensor([ids], device=self.device),
            pixel_values=clip_input(image, side, "crop", self.device).to(self.model.dtype),
            use_cache=True,
            **{cache_argument(self.model.model): cache},
        )
        return SeenImage(prefix_of(cache), size, (side, side), len(ids))

    def tail_ids(self, question: str) -> list[int]:
        """See `LocalChat`."""
        return self._split_ids(question.replace(IMAGE_TOKEN, " "))[1]

    def forward(self, ids: Tensor, cache: DynamicCache, position: int) -> Tensor:
        """See `LocalChat`."""
        network = self.model.model.language_model
        output = network(input_ids=ids, use_cache=True, **{cache_argument(network): cache})
        hidden: Tensor = output.last_hidden_state
        return hidden

    def _split_ids(self, question: str) -> tuple[list[int], list[int]]:
        """Token ids before and after the image, of the whole prompt, as the tokenizer has it."""
        ids = self.tokenizer(PROMPT.format(question=question))["input_ids"]
        place = ids.index(self.model.config.image_token_index)
        return list(ids[:place]), list(ids[place + 1 :])
