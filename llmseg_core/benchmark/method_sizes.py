# SPDX-License-Identifier: Apache-2.0
"""Sizes of the networks of every method: the published ones, and small ones for a CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformers import (
    BertConfig,
    MMGroundingDinoConfig,
    PreTrainedTokenizerBase,
    Qwen3VLConfig,
    Sam2Config,
    Sam2Model,
    Sam3Config,
    SwinConfig,
)

from llmseg_core.config import LLMSegConfig
from llmseg_core.model_dir.networks import (
    build_dinov2_large,
    build_embedded_dinov2,
    build_embedded_llava,
    build_embedded_sam,
    build_llava_7b,
    build_sam_vit_h,
    embedded_config,
    llava_7b_config,
)
from llmseg_core.model_dir.small_sam2 import build_embedded_sam2
from llmseg_core.vlm.qwen_pixels import QwenPixels

__all__ = ["METHOD_SIZES", "MethodSizes"]


@dataclass(frozen=True)
class MethodSizes:
    """What the methods are measured with; every function makes random weights.

    Attributes:
        said: the sizes in words, by the method.
        config: LLM-Seg's and LISA's.
        sam: their SAM.
        dinov2: LLM-Seg's.
        llava: their VLM, for a tokenizer.
        sam2: draws for the others.
        qwen3_vl: configuration of their VLM, for a tokenizer.
        pixels: how its images are made.
        detector: configuration of the locator, for so many words.
        sam3: configuration of the method `concept`, for so many words.
        points_per_side: prompt points along each side for `marks`.
    """

    said: dict[str, str]
    config: Callable[[], LLMSegConfig]
    sam: Callable[[], Any]
    dinov2: Callable[[], Any]
    llava: Callable[[PreTrainedTokenizerBase], Any]
    sam2: Callable[[], Sam2Model]
    qwen3_vl: Callable[[PreTrainedTokenizerBase], Qwen3VLConfig]
    pixels: QwenPixels
    detector: Callable[[int], MMGroundingDinoConfig]
    sam3: Callable[[int], Sam3Config]
    points_per_side: int


def _sam2_hiera_large() -> Sam2Model:
    """SAM 2.1 with Hiera-L in its published size."""
    widths = [144, 288, 576, 1152]
    config = Sam2Config(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model",
                "hidden_size": widths[0],
                "num_attention_heads": 2,
                "window_positional_embedding_background_size": [7, 7],
                "blocks_per_stage": [2, 6, 36, 4],
                "embed_dim_per_stage": widths,
                "num_attention_heads_per_stage": [2, 4, 8, 16],
                "window_size_per_stage": [8, 4, 16, 8],
                "global_attention_blocks": [23, 33, 43],
            },
            "backbone_channel_list": widths[::-1],
        }
    )
    return Sam2Model(config).eval()


def _qwen3_vl(
    tokenizer: PreTrainedTokenizerBase, text: dict[str, Any], vision: dict[str, Any], rows: int
) -> Qwen3VLConfig:
    marks = {"image": "image_pad", "video": "video_pad"}
    marks |= {"vision_start": "vision_start", "vision_end": "vision_end"}
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{mark}|>")
        for name, mark in marks.items()
    }
    text = {**text, "vocab_size": max(rows, len(tokenizer))}
    return Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)


def _qwen3_vl_4b(tokenizer: PreTrainedTokenizerBase) -> Qwen3VLConfig:
    """Qwen3-VL-4B in its published size."""
    rope = {"rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True}
    text = {
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 262144,
        "rope_parameters": {**rope, "rope_theta": 5e6},
    }
    vision = {
        "depth": 24,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_heads": 16,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "out_hidden_size": 2560,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [5, 11, 17],
    }
    return _qwen3_vl(tokenizer, text, vision, 151936)


def _small_qwen3_vl(tokenizer: PreTrainedTokenizerBase) -> Qwen3VLConfig:
    rope = {"rope_type": "default", "mrope_section": [6, 5, 5], "mrope_interleaved": True}
    text = {
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 4096,
        "rope_parameters": {**rope, "rope_theta": 1e4},
    }
    vision = {
        "depth": 4,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_heads": 4,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "out_hidden_size": 128,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [1],
    }
    return _qwen3_vl(tokenizer, text, vision, 0)


def _mm_grounding_dino_tiny(words: int) -> MMGroundingDinoConfig:
    """MM-GroundingDINO with Swin-T and BERT-base, transformers' own default."""
    return MMGroundingDinoConfig(disable_custom_kernels=True)


def _small_detector(words: int) -> MMGroundingDinoConfig:
    text = BertConfig(
        vocab_size=words,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=64,
    )
    image = SwinConfig(
        image_size=224,
        embed_dim=24,
        depths=[1, 1, 2, 1],
        num_heads=[1, 2, 4, 8],
        window_size=7,
        out_indices=[2, 3, 4],
    )
    return MMGroundingDinoConfig(
        backbone_config=image,
        text_config=text,
        d_model=64,
        num_queries=50,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_text_len=32,
        disable_custom_kernels=True,
    )


def _sam3_published(words: int) -> Sam3Config:
    """SAM 3 in its published size, transformers' own default."""
    config = Sam3Config()
    config.text_config.bos_token_id, config.text_config.eos_token_id = 1, 3
    return config


def _small_sam3(words: int) -> Sam3Config:
    width: dict[str, Any] = {"hidden_size": 64, "num_attention_heads": 4}
    detr = {**width, "intermediate_size": 128, "num_layers": 2, "dropout": 0.0}
    return Sam3Config(
        vision_config={
            "model_type": "sam3_vision_model",
            "backbone_config": {
                "model_type": "sam3_vit_model",
                **width,
                "intermediate_size": 192,
                "num_hidden_layers": 4,
                "image_size": 336,
                "patch_size": 14,
                "window_size": 8,
                "global_attn_indexes": [3],
                "pretrain_image_size": 112,
            },
            "fpn_hidden_size": 64,
            "backbone_feature_sizes": [[96, 96], [48, 48], [24, 24]],
        },
        text_config={
            "model_type": "clip_text_model",
            **width,
            "vocab_size": words,
            "intermediate_size": 128,
            "projection_dim": 32,
            "num_hidden_layers": 2,
            "max_position_embeddings": 32,
            "bos_token_id": 1,
            "eos_token_id": 3,
            "pad_token_id": 2,
        },
        geometry_encoder_config={"model_type": "sam3_geometry_encoder", **detr},
        detr_encoder_config={"model_type": "sam3_detr_encoder", **detr},
        detr_decoder_config={"model_type": "sam3_detr_decoder", **detr, "num_queries": 50},
        mask_decoder_config={"model_type": "sam3_mask_decoder", **width},
    )


METHOD_SIZES = {
    "published": MethodSizes(
        said={
            "llm_seg": "SAM ViT-H, DINOv2 ViT-L, LLaVA-7B",
            "lisa": "SAM ViT-H, LLaVA-7B",
            "grounding": "Qwen3-VL-4B, SAM 2.1 Hiera-L",
            "two_stage": "MM-GroundingDINO Swin-T, SAM 2.1 Hiera-L",
            "concept": "SAM 3",
            "marks": "SAM 2.1 Hiera-L, 32 x 32 points, Qwen3-VL-4B",
        },
        config=llava_7b_config,
        sam=build_sam_vit_h,
        dinov2=build_dinov2_large,
        llava=build_llava_7b,
        sam2=_sam2_hiera_large,
        qwen3_vl=_qwen3_vl_4b,
        pixels=QwenPixels(16, max_pixels=16777216, min_pixels=65536),
        detector=_mm_grounding_dino_tiny,
        sam3=_sam3_published,
        points_per_side=32,
    ),
    "small": MethodSizes(
        said=dict.fromkeys(
            ("llm_seg", "lisa", "grounding", "two_stage", "concept", "marks"),
            "networks of a few million numbers",
        ),
        config=embedded_config,
        sam=build_embedded_sam,
        dinov2=build_embedded_dinov2,
        llava=build_embedded_llava,
        sam2=build_embedded_sam2,
        qwen3_vl=_small_qwen3_vl,
        pixels=QwenPixels(16, max_pixels=256 * 256, min_pixels=64 * 64),
        detector=_small_detector,
        sam3=_small_sam3,
        points_per_side=8,
    ),
}
"""Sizes by the name that the command line knows them by."""
