# SPDX-License-Identifier: Apache-2.0
"""Qwen2.5-VL and Qwen3-VL: conversation and network.

The language model counts rows and columns of an image (M-RoPE): its tokens have three positions,
and the text goes on after the larger of both numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, Qwen2_5_VLConfig

from .conversation import Conversation, encoded
from .image_vlm import ImageFeatures, ImageVlm
from .qwen_pixels import QwenPixels

__all__ = ["QwenConversation", "QwenVlm"]

SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
"""What Qwen2.5-VL's conversation begins with; Qwen3-VL's has no such turn."""
USER = "<|im_start|>user\n<|vision_start|>"
REST = "<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"


class QwenConversation(Conversation):
    """The chat templates of Qwen2.5-VL and Qwen3-VL; see `Conversation`."""

    image_token = "<|image_pad|>"
    pixels: QwenPixels

    def prefix_ids(self, tokenizer: PreTrainedTokenizerBase, grid: tuple[int, int]) -> list[int]:
        """See `Conversation`."""
        head = (SYSTEM if isinstance(self.config, Qwen2_5_VLConfig) else "") + USER
        count = grid[0] * grid[1] // self.pixels.merge_size**2
        return [*encoded(tokenizer, head), *[self.image_token_id] * count]

    def asked(self, question: str) -> str:
        """See `Conversation`."""
        return REST.format(question=question)


class QwenVlm(ImageVlm):
    """A Qwen2.5-VL or a Qwen3-VL; see `ImageVlm`."""

    def image_inputs(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """See `ImageVlm`."""
        thw = self._tensor([(1, *grid) for grid in grids])
        return {"pixel_values": pixels.to(self.model.dtype), "image_grid_thw": thw}

    def image_features(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> ImageFeatures:
        """See `ImageVlm`; Qwen3-VL's vision part has deeper features too (DeepStack)."""
        network = self.model.model
        found = network.get_image_features(**self.image_inputs(pixels, grids), return_dict=True)
        return [found.pooler_output, *(getattr(found, "deepstack_features", None) or [])]

    def position_ids(self, ids: Sequence[int], grid: tuple[int, int]) -> list[list[int]]:
        """See `ImageVlm`: time, row and column."""
        merge = self.model.config.vision_config.spatial_merge_size
        rows, columns = grid[0] // merge, grid[1] // merge
        before = list(ids).index(self.image_token_id)
        after = range(before + max(rows, columns), before + max(rows, columns) + len(ids))
        text = [*range(before)], [*after][: len(ids) - before - rows * columns]
        return [
            [*text[0], *(before + each for each in image), *text[1]]
            for image in (
                [0] * (rows * columns),
                [row for row in range(rows) for _ in range(columns)],
                [*range(columns)] * rows,
            )
        ]

    def _kinds(self, input_ids: Tensor) -> Mapping[str, Tensor]:
        return {"mm_token_type_ids": (input_ids == self.image_token_id).int()}

    def _reading(self, ids: Tensor, position: int) -> Mapping[str, Tensor]:
        places = torch.arange(position, position + ids.shape[1], device=ids.device)
        return {"position_ids": places.expand(3, len(ids), -1)}

    def _deeper(self, place: Tensor, features: Sequence[Tensor]) -> Mapping[str, Any]:
        if not features:
            return {}
        return {"visual_pos_masks": place, "deepstack_visual_embeds": features}
