# SPDX-License-Identifier: Apache-2.0
"""LLaVA v1 and 1.5 with a seg token: pixels, conversation and network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, LlavaConfig, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig
from llmseg_core.images.clip_pixels import clip_input
from llmseg_core.images.image_ops import check_image
from llmseg_core.runtime.recorded import Recorded
from llmseg_core.types import ImagePrefix

from .conversation import Conversation, encoded
from .image_vlm import ImageFeatures, ImageVlm
from .kv_cache import cache_argument, prefix_of
from .llava import image_token_count
from .prompts import IMAGE_END, IMAGE_START, IMAGE_TOKEN, answer_text, asked_text, system_text
from .vlm_image import VlmImage

__all__ = ["ONE", "LlavaConversation", "LlavaPixels", "LlavaVlm"]

ONE = (1, 1)
"""the grid of every image"""


@dataclass(frozen=True)
class LlavaPixels:
    """How an image becomes CLIP's square.

    Attributes:
        size: pixels a side.
        fit: see `SegTokenConfig.image_fit`.
    """

    size: int
    fit: str

    longest_grid = ONE

    def see(self, image: np.ndarray, device: torch.device | str = "cpu") -> VlmImage:
        """See `VlmPixels`; (1, 3, S, S)."""
        pixels = clip_input(check_image(image), self.size, self.fit, device)
        return VlmImage(pixels, ONE, (self.size, self.size))

    def settings(self) -> None:
        """See `VlmPixels`; the VLM's configuration and `SegTokenConfig` say everything."""


class LlavaConversation(Conversation):
    """LLaVA v1's, with names and texts as configured.

    Args:
        config: of the VLM.
        pixels: how its images are made.
        words: names and texts.
    """

    image_token = IMAGE_TOKEN

    def __init__(self, config: LlavaConfig, pixels: LlavaPixels, words: SegTokenConfig) -> None:
        super().__init__(config, pixels)
        self.words = words
        self.tokens = (IMAGE_START, IMAGE_END) if words.wrap_image else ()

    def prefix_ids(self, tokenizer: PreTrainedTokenizerBase, grid: tuple[int, int]) -> list[int]:
        """See `Conversation`."""
        bos = tokenizer.bos_token_id
        text = encoded(tokenizer, system_text(self.words))
        count = image_token_count(self.config)
        image = [int(tokenizer.convert_tokens_to_ids(IMAGE_TOKEN))] * count
        if self.words.wrap_image:
            start, end = tokenizer.convert_tokens_to_ids([IMAGE_START, IMAGE_END])
            image = [start, *image, end]
        return [*([] if bos is None else [bos]), *text, *image]

    def asked(self, question: str) -> str:
        """See `Conversation`."""
        return asked_text(self.words, question)

    def answered(self, answer: str) -> str:
        """See `Conversation`."""
        return answer_text(self.words, answer)


class LlavaVlm(ImageVlm):
    """A `LlavaForConditionalGeneration`; see `ImageVlm`."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._recorded_take_in: Recorded | None = None
        self._recorded_read_on: Recorded | None = None

    def record_on_gpu(self) -> None:
        """Let a GPU record what it does for each image and instruction, see `Recorded`."""
        self._recorded_take_in = Recorded(self._take_in, self.model.model)
        self._recorded_read_on = Recorded(self._read_on, self.language_model)

    @torch.inference_mode()
    def take_in(self, ids: Sequence[int], image: VlmImage) -> ImagePrefix:
        """See `ImageVlm`."""
        if self._recorded_take_in is None:
            return super().take_in(ids, image)
        return _prefix(self._recorded_take_in(self._tensor([list(ids)]), image.pixels))

    def read_on(self, ids: Tensor, prefix: ImagePrefix) -> Tensor:
        """See `ImageVlm`."""
        if self._recorded_read_on is None:
            return super().read_on(ids, prefix)
        return self._recorded_read_on(ids, *prefix.keys, *prefix.values)[0]

    def _take_in(self, ids: Tensor, pixels: Tensor) -> tuple[Tensor, ...]:
        """Keys, then values; unlike `ImageVlm.take_in` it never asks the GPU for a number."""
        network, cache = self.language_model, DynamicCache()
        ((features,),) = self.image_features(pixels, [ONE])
        embeds = self.model.get_input_embeddings()(ids)
        place = (ids == self.image_token_id)[..., None]
        embeds = embeds.masked_scatter(place, features.to(embeds.dtype))
        network(inputs_embeds=embeds, use_cache=True, **{cache_argument(network): cache})
        prefix = prefix_of(cache)
        return *prefix.keys, *prefix.values

    def _read_on(self, ids: Tensor, *cached: Tensor) -> tuple[Tensor, ...]:
        return (super().read_on(ids, _prefix(cached)),)

    def image_inputs(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """See `ImageVlm`."""
        return {"pixel_values": pixels.to(self.model.dtype)}

    def image_features(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> ImageFeatures:
        """See `ImageVlm`."""
        network = self.model.model
        found = network.get_image_features(**self.image_inputs(pixels, grids), return_dict=True)
        return [tuple(found.pooler_output)]


def _prefix(cached: Sequence[Tensor]) -> ImagePrefix:
    """Of the keys of all layers, and then their values."""
    layers = len(cached) // 2
    return ImagePrefix(tuple(cached[:layers]), tuple(cached[layers:]))
