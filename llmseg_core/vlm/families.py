# SPDX-License-Identifier: Apache-2.0
"""The families of VLMs that can carry a seg token, by their class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import (
    LlavaConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

from llmseg_core.config import SegTokenConfig, SegTokenVlmConfig

from .conversation import Conversation
from .image_vlm import ImageVlm
from .llava import llava_class
from .llava_vlm import LlavaConversation, LlavaPixels, LlavaVlm
from .qwen_pixels import QwenPixels
from .qwen_vlm import QwenConversation, QwenVlm
from .smolvlm import SmolVlm, SmolVlmConversation, SmolVlmPixels
from .vlm_image import VlmPixels

__all__ = ["KINDS", "conversation_of", "image_vlm_of", "network_class", "vlm_pixels"]

KINDS: dict[str, type[PretrainedConfig]] = {
    "llava": LlavaConfig,
    "qwen2_5_vl": Qwen2_5_VLConfig,
    "qwen3_vl": Qwen3VLConfig,
    "smolvlm": SmolVLMConfig,
}
"""Configurations by the `model_type` of a folder."""


def network_class(config: PretrainedConfig) -> type[PreTrainedModel]:
    """The class that a configuration was written by."""
    if isinstance(config, Qwen2_5_VLConfig):
        return Qwen2_5_VLForConditionalGeneration
    if isinstance(config, Qwen3VLConfig):
        return Qwen3VLForConditionalGeneration
    if isinstance(config, SmolVLMConfig):
        return SmolVLMForConditionalGeneration
    assert isinstance(config, LlavaConfig)
    return llava_class(config)


def vlm_pixels(
    config: PretrainedConfig,
    words: SegTokenConfig,
    settings: Mapping[str, Any],
    limits: SegTokenVlmConfig | None = None,
) -> VlmPixels:
    """How a VLM's images are made.

    Args:
        config: of the VLM.
        words: its `image_fit` is LLaVA's.
        settings: of the `preprocessor_config.json` of the others.
        limits: of their images.
    """
    limits = limits or SegTokenVlmConfig()
    if isinstance(config, LlavaConfig):
        return LlavaPixels(config.vision_config.image_size, words.image_fit)
    if isinstance(config, SmolVLMConfig):
        return SmolVlmPixels.from_settings(settings, limits.max_pixels)
    return QwenPixels.from_settings(settings, limits.max_pixels, limits.square)


def conversation_of(
    config: PretrainedConfig, words: SegTokenConfig, pixels: VlmPixels
) -> Conversation:
    """How a VLM is spoken with.

    Args:
        config: of the VLM.
        words: names and texts of LLaVA's conversation.
        pixels: from `vlm_pixels`.
    """
    if isinstance(pixels, LlavaPixels):
        return LlavaConversation(config, pixels, words)
    if isinstance(pixels, SmolVlmPixels):
        return SmolVlmConversation(config, pixels)
    return QwenConversation(config, pixels)


def image_vlm_of(model: PreTrainedModel) -> ImageVlm:
    """The network of a family.

    Raises:
        ValueError: if it is of none that is known.
    """
    if isinstance(model.config, Qwen2_5_VLConfig | Qwen3VLConfig):
        return QwenVlm(model)
    if isinstance(model.config, SmolVLMConfig):
        return SmolVlm(model)
    if isinstance(model.config, LlavaConfig):
        return LlavaVlm(model)
    raise ValueError(
        f"the VLM is a {type(model).__name__} with the model_type {model.config.model_type!r}, it "
        f"must be one of {', '.join(KINDS)}"
    )
