# SPDX-License-Identifier: Apache-2.0
"""SAM 3 of the real class in the smallest size, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import Sam3Config, Sam3Model

from helpers.tiny_locators import word_tokenizer

SIDE = 56


def tiny_sam3_config() -> Sam3Config:
    small: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 2, "initializer_range": 0.3}
    detr = {**small, "intermediate_size": 32, "num_layers": 2, "dropout": 0.0}
    return Sam3Config(
        vision_config={
            "model_type": "sam3_vision_model",
            "backbone_config": {
                "model_type": "sam3_vit_model", **small, "intermediate_size": 32,
                "num_hidden_layers": 2, "image_size": SIDE, "patch_size": 14, "window_size": 2,
                "global_attn_indexes": [1], "pretrain_image_size": 28,
            },
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        text_config={
            "model_type": "clip_text_model", **small, "vocab_size": len(word_tokenizer()),
            "intermediate_size": 32, "projection_dim": 16, "num_hidden_layers": 2,
            "max_position_embeddings": 32, "bos_token_id": 1, "eos_token_id": 3, "pad_token_id": 2,
        },
        geometry_encoder_config={"model_type": "sam3_geometry_encoder", **detr},
        detr_encoder_config={"model_type": "sam3_detr_encoder", **detr},
        detr_decoder_config={"model_type": "sam3_detr_decoder", **detr, "num_queries": 6},
        mask_decoder_config={"model_type": "sam3_mask_decoder", **small},
    )  # fmt: skip


def tiny_sam3() -> Sam3Model:
    """The same weights at every call; masks are neither empty nor full."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Sam3Model(tiny_sam3_config()).eval()


def save_tiny_sam3(folder: Path) -> None:
    """The network with its tokenizer."""
    tiny_sam3().save_pretrained(folder)
    word_tokenizer().save_pretrained(folder)
