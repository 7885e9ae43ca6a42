# SPDX-License-Identifier: Apache-2.0
"""Sizes and classes of networks: the one file that names them.

Every `build_*` of a network gives random weights from a seed; `checkpoint.py` puts trained ones in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPVisionConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerBase,
    SamConfig,
    SamModel,
)

from llmseg_core.config import (
    ImageEncoderConfig,
    ImageEncoderKind,
    LLMSegConfig,
    ProposalConfig,
    SegTokenConfig,
    SelectionConfig,
    SelectorConfig,
)
from llmseg_core.embeddings.clip_convnext import ClipConvNextEncoder
from llmseg_core.embeddings.dinov2 import DINOS, Dino, Dinov2Encoder
from llmseg_core.embeddings.sam_features import SamFeatureEncoder
from llmseg_core.runtime.random_state import seeded
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.llava import LlavaV1ForConditionalGeneration, image_token_count
from llmseg_core.vlm.prompts import IMAGE_TOKEN

from .network_files import part_kind
from .parts import ModelParts

__all__ = [
    "build_dinov2_large",
    "build_embedded_dinov2",
    "build_embedded_llava",
    "build_embedded_sam",
    "build_image_encoder",
    "build_llava_7b",
    "build_sam_vit_b",
    "build_sam_vit_h",
    "build_selector",
    "clip_vit_l_config",
    "embedded_config",
    "encoder_class",
    "encoder_classes",
    "image_encoder_of",
    "llava_7b_config",
    "vit_b_config",
]


# ------------------------------------------------------------------ the embedded profile


def embedded_config() -> LLMSegConfig:
    """The profile that is trained from scratch and shipped with the package."""
    return LLMSegConfig(
        profile="embedded",
        proposals=ProposalConfig(
            points_per_side=12,
            pred_iou_thresh=0.4,
            stability_score_thresh=0.6,
        ),
        image_encoder=ImageEncoderConfig(image_size=256, pooling_size=128),
        seg_token=SegTokenConfig(image_fit="pad", system="", question="{instruction}"),
        selector=SelectorConfig(
            feature_dim=128,
            hidden_dim=160,
            width=128,
            num_heads=4,
            mlp_dim=512,
            embedding_hidden_dim=512,
            box_encoding=True,
        ),
        selection=SelectionConfig(),
    )


def build_embedded_sam(seed: int = 0, size: int = 256) -> SamModel:
    """A small SAM: patches of 8 pixels, logits of 2 pixels; 32 x 32 patches of 256 pixels."""
    config = SamConfig(
        vision_config={
            "image_size": size,
            "patch_size": 8,
            "hidden_size": 128,
            "mlp_dim": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "output_channels": 64,
            "num_pos_feats": 32,
            "window_size": 8,
            "global_attn_indexes": [1, 3],
            "use_rel_pos": False,
            "initializer_range": 0.02,
        },
        prompt_encoder_config={
            "hidden_size": 64,
            "image_size": size,
            "patch_size": 8,
            "image_embedding_size": size // 8,
        },
        mask_decoder_config={
            "hidden_size": 64,
            "mlp_dim": 256,
            "num_attention_heads": 4,
            "iou_head_hidden_dim": 64,
        },
    )
    return _random_sam(config, seed)


def _random_sam(config: SamConfig, seed: int) -> SamModel:
    """A SAM to train from scratch, or to measure.

    transformers' own initialisation suits fine-tuning only (an encoder of zeros, a position code
    that aliases), so every matrix is drawn anew.
    """
    with seeded(seed):
        model = SamModel(config)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim >= 2:
                    torch.nn.init.xavier_uniform_(parameter)
            torch.nn.init.normal_(model.vision_encoder.pos_embed, std=0.02)
            # one matrix, shared by prompts and image tokens: random Fourier features
            torch.nn.init.normal_(model.shared_image_embedding.positional_embedding)
            for embedding in model.mask_decoder.iou_token, model.mask_decoder.mask_tokens:
                torch.nn.init.normal_(embedding.weight)
    return model.eval()


def build_embedded_dinov2(seed: int = 0) -> Dinov2Model:
    """A small DINOv2: 32 x 32 patches of 8 pixels, as the small SAM sees them."""
    config = Dinov2Config(
        image_size=256,
        patch_size=8,
        hidden_size=128,
        num_hidden_layers=6,
        num_attention_heads=4,
        mlp_ratio=3,
        use_mask_token=False,
    )
    with seeded(seed):
        return Dinov2Model(config).eval()


def build_embedded_llava(
    tokenizer: PreTrainedTokenizerBase, seed: int = 0
) -> LlavaForConditionalGeneration:
    """A small LLaVA: 16 image tokens, one vocabulary entry for each of the tokenizer's."""
    vision = CLIPVisionConfig(
        image_size=128,
        patch_size=32,
        hidden_size=96,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=3,
        projection_dim=96,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=5,
        max_position_embeddings=256,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    # Trained from scratch, the vision tower's last layer has no other purpose: use it.
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_TOKEN),
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    config.image_seq_length = image_token_count(config)
    with seeded(seed):
        return LlavaForConditionalGeneration(config).eval()


# ------------------------------------------------------------------ the full-size profile


def llava_7b_config() -> LLMSegConfig:
    """The paper's profile: SAM ViT-H, DINOv2 ViT-L, LLaVA-7B with LoRA."""
    return LLMSegConfig(profile="llava-7b", adapter="adapter", seg_token=SegTokenConfig(trim=True))


def build_sam_vit_h(seed: int = 0) -> SamModel:
    """SAM ViT-H in its published size, with random weights."""
    vision: dict[str, Any] = {
        "hidden_size": 1280,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "mlp_dim": 5120,
        "global_attn_indexes": [7, 15, 23, 31],
    }
    return _random_sam(SamConfig(vision_config=vision), seed)


def build_dinov2_large(seed: int = 0) -> Dinov2Model:
    """DINOv2 ViT-L/14 in its published size, with random weights."""
    config = Dinov2Config(
        image_size=518, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16
    )
    with seeded(seed):
        return Dinov2Model(config).eval()


def clip_vit_l_config() -> CLIPVisionConfig:
    """The sizes of CLIP ViT-L/14 at 224 pixels."""
    return CLIPVisionConfig(
        image_size=224,
        patch_size=14,
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        projection_dim=768,
    )


def build_llava_7b(
    tokenizer: PreTrainedTokenizerBase, seed: int = 0
) -> LlavaV1ForConditionalGeneration:
    """LLaVA-7B v1 in its published size (CLIP ViT-L/14 at 224 pixels), with random weights."""
    vision = clip_vit_l_config()
    text = LlamaConfig(
        vocab_size=max(32_000, len(tokenizer)), max_position_embeddings=2048, rms_norm_eps=1e-6
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_TOKEN),
        vision_feature_layer=-2,
    )
    config.image_seq_length = image_token_count(config)
    with seeded(seed):
        return LlavaV1ForConditionalGeneration(config).eval()


# ------------------------------------------------------------------ between the two, to measure


def vit_b_config() -> LLMSegConfig:
    """SAM ViT-B with its own defaults, all else as small as in the embedded profile."""
    return replace(embedded_config(), profile="vit-b", proposals=ProposalConfig())


def build_sam_vit_b(seed: int = 0) -> SamModel:
    """SAM ViT-B in its published size (transformers' default), with random weights."""
    return _random_sam(SamConfig(), seed)


# ------------------------------------------------------------------ every profile


def build_selector(config: SelectorConfig, seed: int = 0) -> MaskSelector:
    """The selector of a profile, with random weights."""
    with seeded(seed):
        return MaskSelector(config).eval()


def encoder_classes(kind: ImageEncoderKind) -> tuple[type[Dino | ConvNextModel | SamModel], ...]:
    """The networks of each kind of image encoder."""
    return {
        ImageEncoderKind.DINOV2: DINOS,
        ImageEncoderKind.CLIP_CONVNEXT: (ConvNextModel,),
        ImageEncoderKind.SAM: (SamModel,),
    }[kind]


def encoder_class(kind: ImageEncoderKind, place: str) -> type[Dino | ConvNextModel | SamModel]:
    """The network of an image encoder.

    Args:
        kind: of the encoder.
        place: folder, whose `config.json` says which DINO it holds, or file as published.

    Raises:
        ValueError: if the folder holds no DINO where there must be one.
    """
    if kind is not ImageEncoderKind.DINOV2:
        return encoder_classes(kind)[0]
    if Path(place).is_file():
        return Dinov2Model
    kinds = {each.config_class.model_type: each for each in DINOS}
    return kinds[part_kind(place, kinds, "dinov2")]


def build_image_encoder(
    parts: ModelParts,
) -> Dinov2Encoder | ClipConvNextEncoder | SamFeatureEncoder:
    """The image encoder that the configuration names.

    Raises:
        ValueError: if its network is not among the parts.
    """
    config = parts.config.image_encoder
    if config.kind is ImageEncoderKind.SAM and not isinstance(parts.sam, SamModel):
        raise ValueError(
            f"image_encoder.kind is sam, which needs SAM itself, sam holds a "
            f"{type(parts.sam).__name__}"
        )
    network = {
        ImageEncoderKind.DINOV2: parts.dinov2,
        ImageEncoderKind.CLIP_CONVNEXT: parts.convnext,
        ImageEncoderKind.SAM: parts.sam,
    }[config.kind]
    if network is None:
        raise ValueError(f"image_encoder.kind is {config.kind.value}, but there is no such network")
    return image_encoder_of(network, config)


def image_encoder_of(
    network: Dino | ConvNextModel | SamModel, config: ImageEncoderConfig
) -> Dinov2Encoder | ClipConvNextEncoder | SamFeatureEncoder:
    """The image encoder around a network.

    Args:
        network: decides the kind.
        config: its input; SAM has its own size.
    """
    if isinstance(network, SamModel):
        return SamFeatureEncoder(network)
    if isinstance(network, DINOS):
        return Dinov2Encoder(network, config.image_size, config.skip_padding)
    return ClipConvNextEncoder(network, config.image_size)
