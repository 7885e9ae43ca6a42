# SPDX-License-Identifier: Apache-2.0
"""VLMs that answer in words, of the real classes in the smallest size, with random weights."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from helpers.tiny_model import tiny_llava_config, tiny_tokenizer
from llmseg_core.grounding.llava_chat import LlavaChat
from llmseg_core.grounding.qwen_chat import QwenChat
from llmseg_core.grounding.qwen_pixels import QwenPixels

QWEN_MARKS = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
              "<|video_pad|>"]  # fmt: skip
PIXELS = QwenPixels(patch_size=8, merge_size=2, min_pixels=256, max_pixels=4096)
TEXT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 512, "initializer_range": 0.3,
    "tie_word_embeddings": False,
}  # fmt: skip


def qwen_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and the marks of Qwen's conversation."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({each: index for index, each in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in QWEN_MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )


def tiny_qwen(kind: str) -> QwenChat:
    """`kind` is "qwen2_5_vl" or "qwen3_vl"."""
    tokenizer = qwen_tokenizer()
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
    return QwenChat(model.eval(), tokenizer, PIXELS, max_tokens=24)


def tiny_llava() -> LlavaChat:
    tokenizer = tiny_tokenizer()
    config = tiny_llava_config(tokenizer)
    config.text_config.max_position_embeddings = 256
    return LlavaChat(LlavaForConditionalGeneration(config).eval(), tokenizer, max_tokens=24)


def tiny_chat(kind: str) -> LlavaChat | QwenChat:
    """The same weights at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return tiny_llava() if kind == "llava" else tiny_qwen(kind)
