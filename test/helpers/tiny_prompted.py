# SPDX-License-Identifier: Apache-2.0
"""Promptable segmenters of the real classes in the smallest size, with random weights."""

from __future__ import annotations

import numpy as np
import torch
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2Model,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VisionConfig,
    SamHQConfig,
    SamHQModel,
)

from helpers.tiny_model import tiny_sam

__all__ = ["tiny_sam", "tiny_sam2", "tiny_sam2_video", "tiny_sam_hq"]

SMALL = {"hidden_size": 32, "image_size": 64, "patch_size": 8}
DECODER = {"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16}


def tiny_sam_hq() -> SamHQModel:
    vision = {
        **SMALL, "mlp_dim": 32, "num_hidden_layers": 4, "num_attention_heads": 2,
        "output_channels": 32, "num_pos_feats": 16, "window_size": 4,
        "global_attn_indexes": [0, 1, 2, 3], "initializer_range": 0.02,
    }  # fmt: skip
    config = SamHQConfig(
        vision_config=vision,
        prompt_encoder_config={**SMALL, "image_embedding_size": 8},
        mask_decoder_config={**DECODER, "vit_dim": 32},
    )
    return drawn_anew(SamHQModel(config))


def tiny_sam2() -> Sam2Model:
    backbone = Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[64, 64], blocks_per_stage=[1, 2, 1, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[4, 4, 4, 4], global_attention_blocks=[2],
        window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=32,
    )  # fmt: skip
    config = Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": 64, "patch_size": 16},
        mask_decoder_config=DECODER,
    )
    return drawn_anew(Sam2Model(config))


def tiny_sam2_video() -> Sam2VideoModel:
    width = 128  # the memory is 64 wide whatever is set, and must be narrower
    backbone = Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[64, 64], blocks_per_stage=[1, 2, 1, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[4, 4, 4, 4], global_attention_blocks=[2],
        window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=width,
    )  # fmt: skip
    config = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": width, "image_size": 64, "patch_size": 16},
        mask_decoder_config={**DECODER, "hidden_size": width},
        image_size=64, memory_attention_hidden_size=width, memory_encoder_hidden_size=width,
        memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[4, 4], mask_downsampler_embed_dim=width,
        memory_fuser_embed_dim=width, memory_fuser_intermediate_dim=32, num_maskmem=3,
        max_object_pointers_in_encoder=4,
    )  # fmt: skip
    return drawn_anew(Sam2VideoModel(config))


def drawn_anew(model: torch.nn.Module) -> torch.nn.Module:
    """transformers' own start leaves zeros, on which much comes out the same."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.xavier_uniform_(parameter)
    torch.nn.init.normal_(model.shared_image_embedding.positional_embedding)
    return model.eval()


def red_square() -> np.ndarray:
    """(48, 80, 3) uint8: a red square on noise."""
    image = np.random.default_rng(0).integers(0, 255, (48, 80, 3), dtype=np.uint8)
    image[8:24, 6:22] = (200, 30, 30)
    return image
