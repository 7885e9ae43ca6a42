# SPDX-License-Identifier: Apache-2.0
"""Qwen2.5-VL and Qwen3-VL as VLMs that answer in words, boxes and points."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import (
    DynamicCache,
    PreTrainedTokenizerBase,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)

from llmseg_core.images.image_ops import check_image
from llmseg_core.vlm.llava import cache_argument

from .chat import LocalChat, SeenImage, prefix_of
from .qwen_pixels import QwenPixels

__all__ = ["QwenChat"]

SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
"""What Qwen2.5-VL's conversation begins with; Qwen3-VL's has no such turn."""
USER = "<|im_start|>user\n<|vision_start|>"
IMAGE_TOKEN = "<|image_pad|>"
REST = "<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
MARK = "<|"
"""what tokens with a meaning of their own begin with"""


class QwenChat(LocalChat):
    """Asks a Qwen2.5-VL or a Qwen3-VL.

    Args:
        model: the VLM; its device and dtype are used.
        tokenizer: its tokenizer.
        pixels: how its images are made.
        max_tokens: most tokens of an answer.
    """

    def __init__(
        self,
        model: Qwen2_5_VLForConditionalGeneration | Qwen3VLForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        pixels: QwenPixels,
        max_tokens: int = 512,
    ) -> None:
        super().__init__(model, tokenizer, max_tokens)
        self.pixels = pixels
        first = SYSTEM if isinstance(model, Qwen2_5_VLForConditionalGeneration) else ""
        self.head = f"{first}{USER}"

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        patches, grid = self.pixels.patches(image, self.device)
        merge = self.pixels.merge_size
        rows, columns = grid[0] // merge, grid[1] // merge
        head = self._ids(self.head)
        ids = [*head, *[self.model.config.image_token_id] * (rows * columns)]
        cache = DynamicCache()
        self.model.model(
            input_ids=torch.tensor([ids], device=self.device),
            pixel_values=patches.to(self.model.dtype),
            image_grid_thw=torch.tensor([(1, *grid)], device=self.device),
            position_ids=self._image_positions(len(head), rows, columns),
            use_cache=True,
            **{cache_argument(self.model.model): cache},
        )
        patch = self.pixels.patch_size
        seen = grid[0] * patch, grid[1] * patch
        return SeenImage(prefix_of(cache), size, seen, len(head) + max(rows, columns))

    def tail_ids(self, question: str) -> list[int]:
        """See `LocalChat`; marks of turns in a question are taken apart."""
        return self._ids(REST.format(question=question.replace(MARK, "< |")))

    def forward(self, ids: Tensor, cache: DynamicCache, position: int) -> Tensor:
        """See `LocalChat`."""
        places = torch.arange(position, position + ids.shape[1], device=ids.device)
        network = self.model.model.language_model
        output = network(
            input_ids=ids,
            position_ids=places.expand(3, 1, -1),
            use_cache=True,
            **{cache_argument(network): cache},
        )
        hidden: Tensor = output.last_hidden_state
        return hidden

    def _image_positions(self, before: int, rows: int, columns: int) -> Tensor:
        """(3, 1, T) int64: time, row and column of each token of the text and the image."""
        text = torch.arange(before, device=self.device).expand(3, -1)
        row = torch.arange(rows, device=self.device).repeat_interleave(columns)
        column = torch.arange(columns, device=self.device).repeat(rows)
        image = torch.stack((torch.zeros_like(row), row, column)) + before
        return torch.cat((text, image), 1)[:, None]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))
