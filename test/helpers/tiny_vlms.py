# SPDX-License-Identifier: Apache-2.0
"""VLMs of the real classes in the smallest size, with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlavaForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)

from helpers.tiny_model import tiny_llava_config, tiny_tokenizer
from llmseg_core.config import SegTokenConfig
from llmseg_core.grounding.conversation_chat import ConversationChat
from llmseg_core.grounding.llava_chat import LlavaChat
from llmseg_core.vlm.families import conversation_of
from llmseg_core.vlm.llava_vlm import LlavaPixels
from llmseg_core.vlm.qwen_pixels import QwenPixels
from llmseg_core.vlm.smolvlm import SmolVlmPixels
from llmseg_core.vlm.vlm_image import VlmPixels

QWEN_MARKS = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
              "<|video_pad|>"]  # fmt: skip
SMOL_MARKS = ["<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<fake_token_around_image>",
              "<image>", "<global-img>", *(f"<row_{row}_col_{column}>" for row in (1, 2, 3)
                                           for column in (1, 2, 3))]  # fmt: skip
PIXELS = QwenPixels(patch_size=8, merge_size=2, min_pixels=256, max_pixels=4096)
TILES = SmolVlmPixels(tile=32, longest_side=96)
TEXT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 512, "initializer_range": 0.3,
    "tie_word_embeddings": False,
}  # fmt: skip


@dataclass(frozen=True)
class TinyVlm:
    """A VLM, its tokenizer, and how its images are made."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    pixels: VlmPixels


def byte_tokenizer(marks: list[str], end: str) -> PreTrainedTokenizerFast:
    """One token a byte, and the marks of a conversation."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({each: index for index, each in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=end)


def tiny_qwen(kind: str) -> TinyVlm:
    """`kind` is "qwen2_5_vl" or "qwen3_vl"."""
    tokenizer = byte_tokenizer(QWEN_MARKS, "<|im_end|>")
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(mark)
        for name, mark in (("image", "<|image_pad|>"), ("video", "<|video_pad|>"),
                           ("vision_start", "<|vision_start|>"), ("vision_end", "<|vision_end|>"))
    }  # fmt: skip
    text = {**TEXT, "vocab_size": len(tokenizer)}
    if kind == "qwen2_5_vl":
        rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
        vision: dict[str, Any] = {
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2,
            "out_hidden_size": 32, "patch_size": 8, "spatial_merge_size": 2, "window_size": 32,
            "fullatt_block_indexes": [1], "initializer_range": 0.3,
        }  # fmt: skip
        config = Qwen2_5_VLConfig(
            text_config={**text, "rope_parameters": rope}, vision_config=vision, **ids
        )
        model = Qwen2_5_VLForConditionalGeneration(config)
    else:
        rope = {"rope_type": "default", "mrope_section": [3, 3, 2], "mrope_interleaved": True,
                "rope_theta": 10000.0}  # fmt: skip
        vision = {
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2,
            "out_hidden_size": 32, "patch_size": 8, "spatial_merge_size": 2,
            "num_position_embeddings": 16, "deepstack_visual_indexes": [0],
            "initializer_range": 0.3,
        }  # fmt: skip
        text = {**text, "head_dim": 16, "rope_parameters": rope}
        model = Qwen3VLForConditionalGeneration(
            Qwen3VLConfig(text_config=text, vision_config=vision, **ids)
        )
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return TinyVlm(model.eval(), tokenizer, PIXELS)


def tiny_llava() -> TinyVlm:
    tokenizer = tiny_tokenizer()
    config = tiny_llava_config(tokenizer)
    config.text_config.max_position_embeddings = 256
    model = LlavaForConditionalGeneration(config).eval()
    return TinyVlm(model, tokenizer, LlavaPixels(28, "crop"))


def tiny_smolvlm() -> TinyVlm:
    tokenizer = byte_tokenizer(SMOL_MARKS, "<end_of_utterance>")
    text = {**TEXT, "model_type": "llama", "vocab_size": len(tokenizer), "head_dim": 16,
            "pad_token_id": tokenizer.pad_token_id}  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "image_size": 32, "patch_size": 8, "initializer_range": 0.3,
    }  # fmt: skip
    config = SmolVLMConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = SmolVLMForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return TinyVlm(model.eval(), tokenizer, TILES)


def tiny_vlm(kind: str) -> TinyVlm:
    """The same weights at every call; `kind` is a `model_type`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "llava":
            return tiny_llava()
        return tiny_smolvlm() if kind == "smolvlm" else tiny_qwen(kind)


def tiny_chat(kind: str) -> LlavaChat | ConversationChat:
    """The same weights at every call."""
    vlm = tiny_vlm(kind)
    if kind == "llava":
        return LlavaChat(vlm.model, vlm.tokenizer, max_tokens=24)
    conversation = conversation_of(vlm.model.config, SegTokenConfig(), vlm.pixels)
    return ConversationChat(vlm.model, vlm.tokenizer, conversation, max_tokens=24)
