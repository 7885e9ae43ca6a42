# SPDX-License-Identifier: Apache-2.0
"""A model of the real classes in the smallest size, with random weights."""

from __future__ import annotations

import torch
from transformers import (
    CLIPVisionConfig,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    SamConfig,
    SamModel,
)

from llmseg_core import LLMSegConfig
from llmseg_core.config import ImageEncoderConfig, ProposalConfig, SegTokenConfig, SelectorConfig
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.prompts import ANSWERS, IMAGE_TOKEN
from llmseg_core.vlm.tokenizer import build_tokenizer

CORPUS = ["USER: the red cup ASSISTANT:", "what can I drink from?", "show the tool", *ANSWERS] * 4


def tiny_config() -> LLMSegConfig:
    return LLMSegConfig(
        profile="tiny",
        proposals=ProposalConfig(
            points_per_side=3,
            pred_iou_thresh=-100.0,
            stability_score_thresh=0.0,
            box_nms_thresh=1.0,
            max_proposals=5,
        ),
        image_encoder=ImageEncoderConfig(image_size=56, pooling_size=16),
        seg_token=SegTokenConfig(image_fit="pad", system="", question="{instruction}"),
        selector=SelectorConfig(
            feature_dim=32,
            hidden_dim=24,
            width=16,
            num_heads=2,
            mlp_dim=32,
            iop_hidden_dim=8,
            embedding_hidden_dim=24,
            box_encoding=True,
        ),
    )


def tiny_sam() -> SamModel:
    small = {"hidden_size": 32, "image_size": 64, "patch_size": 8}
    model = SamModel(
        SamConfig(
            vision_config={
                **small,
                "mlp_dim": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "output_channels": 32,
                "num_pos_feats": 16,
                "window_size": 4,
                "global_attn_indexes": [1],
                "initializer_range": 0.02,
            },
            prompt_encoder_config={**small, "image_embedding_size": 8},
            mask_decoder_config={
                "hidden_size": 32,
                "mlp_dim": 32,
                "num_attention_heads": 2,
                "iou_head_hidden_dim": 16,
            },
        )
    )
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.xavier_uniform_(parameter)
    torch.nn.init.normal_(model.shared_image_embedding.positional_embedding)
    return model.eval()


def tiny_dinov2() -> Dinov2Model:
    config = Dinov2Config(
        image_size=56,
        patch_size=14,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        initializer_range=0.2,
    )
    return Dinov2Model(config).eval()


def tiny_llava_config(tokenizer: PreTrainedTokenizerBase) -> LlavaConfig:
    vision = CLIPVisionConfig(
        image_size=28,
        patch_size=14,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=24,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.2,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_TOKEN),
    )


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer(CORPUS, vocab_size=320)


def tiny_parts() -> ModelParts:
    """The same weights at every call."""
    config, tokenizer = tiny_config(), tiny_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ModelParts(
            config,
            tiny_sam(),
            tiny_dinov2(),
            LlavaForConditionalGeneration(tiny_llava_config(tokenizer)).eval(),
            tokenizer,
            MaskSelector(config.selector).eval(),
        )
