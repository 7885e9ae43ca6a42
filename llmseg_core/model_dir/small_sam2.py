# SPDX-License-Identifier: Apache-2.0
"""A small SAM 2 to train from scratch: sizes, and weights from a seed, as in `networks`."""

from __future__ import annotations

import torch
from transformers import Sam2Config, Sam2Model

from llmseg_core.runtime.random_state import seeded

__all__ = ["build_embedded_sam2", "random_sam2"]


def build_embedded_sam2(seed: int = 0, size: int = 256) -> Sam2Model:
    """A small SAM 2: features of 2, 4 and 8 pixels a cell, logits of 2 pixels.

    Its decoder sees the features of the finest cells, which is what makes edges sharp. The image is
    stretched to the square, so that no cell is padding.
    """
    widths, width = (16, 32, 96, 128), 64
    config = Sam2Config(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model",
                "hidden_size": widths[0],
                "image_size": [size, size],
                "patch_stride": [2, 2],
                "window_positional_embedding_background_size": [8, 8],
                "blocks_per_stage": [1, 1, 4, 2],
                "embed_dim_per_stage": list(widths),
                "window_size_per_stage": [8, 8, 16, 8],
                "global_attention_blocks": [4],
            },
            "backbone_channel_list": list(widths[::-1]),
            "backbone_feature_sizes": [[size // cell] * 2 for cell in (2, 4, 8)],
            "fpn_hidden_size": width,
        },
        prompt_encoder_config={"hidden_size": width, "image_size": size, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": width,
            "mlp_dim": 256,
            "num_attention_heads": 4,
            "iou_head_hidden_dim": 64,
            "dynamic_multimask_via_stability": False,
        },
    )
    return random_sam2(config, seed)


def random_sam2(config: Sam2Config, seed: int) -> Sam2Model:
    """A SAM 2 to train from scratch, every matrix drawn anew (see `networks`)."""
    with seeded(seed):
        model = Sam2Model(config)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim >= 2:
                    torch.nn.init.xavier_uniform_(parameter)
            backbone = model.vision_encoder.backbone
            for place in backbone.pos_embed, backbone.pos_embed_window:
                torch.nn.init.normal_(place, std=0.02)
            # one matrix, shared by prompts and image tokens: random Fourier features
            fourier = torch.nn.init.normal_(model.shared_image_embedding.positional_embedding)
            model.prompt_encoder.shared_embedding.positional_embedding.copy_(fourier)
            decoder = model.mask_decoder
            for embedding in decoder.iou_token, decoder.mask_tokens, decoder.obj_score_token:
                torch.nn.init.normal_(embedding.weight)
    return model.eval()
