# SPDX-License-Identifier: Apache-2.0
"""LLaVA's first version on transformers' classes: one linear layer from CLIP to the text model."""

from __future__ import annotations

from torch import Tensor, nn
from transformers import LlavaConfig, LlavaForConditionalGeneration

__all__ = ["LlavaV1ForConditionalGeneration", "image_token_count", "llava_class"]

_LINEAR = "linear"


class LinearProjector(nn.Module):
    """LLaVA v1's projector: one linear layer on the patch features of CLIP."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(
            config.vision_config.hidden_size,
            config.text_config.hidden_size,
            bias=config.multimodal_projector_bias,
        )

    def forward(self, image_features: Tensor) -> Tensor:
        """(B, T, CLIP width) to (B, T, text width)."""
        return self.linear_1(image_features)


class LlavaV1ForConditionalGeneration(LlavaForConditionalGeneration):
    """`LlavaForConditionalGeneration` with the projector of LLaVA v1.

    Its configuration says so by `mm_projector_type: linear`, as LLaVA's own files do.
    """

    def __init__(self, config: LlavaConfig) -> None:
        config.mm_projector_type = _LINEAR
        super().__init__(config)
        self.model.multi_modal_projector = LinearProjector(config)
        self.post_init()


def llava_class(config: LlavaConfig) -> type[LlavaForConditionalGeneration]:
    """The class that a configuration was written by."""
    if getattr(config, "mm_projector_type", None) == _LINEAR:
        return LlavaV1ForConditionalGeneration
    return LlavaForConditionalGeneration


def image_token_count(config: LlavaConfig) -> int:
    """Positions that one image takes in the prompt."""
    vision = config.vision_config
    patches = (vision.image_size // vision.patch_size) ** 2
    return patches + (config.vision_feature_select_strategy == "full")
