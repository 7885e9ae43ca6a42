# SPDX-License-Identifier: Apache-2.0
"""Locators of the real classes in the smallest size, with random weights."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BartConfig,
    BertConfig,
    CLIPTextConfig,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2VisionConfig,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    OmDetTurboConfig,
    OmDetTurboForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
    PreTrainedTokenizerFast,
    SwinConfig,
)

WORDS = ["the", "red", "green", "cup", "book", "thing", "a", "of", "on", ".", ","]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert_tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip


def tiny_grounding_dino(kind: str = "grounding_dino") -> torch.nn.Module:
    """`kind` is "grounding_dino" or "mm_grounding_dino"."""
    text = BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    image = SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
        out_indices=[2, 3, 4],
    )  # fmt: skip
    sizes = {
        "backbone_config": image, "text_config": text, "d_model": 32, "num_queries": 6,
        "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
        "max_text_len": 32, "num_feature_levels": 4, "disable_custom_kernels": True,
    }  # fmt: skip
    if kind == "mm_grounding_dino":
        return MMGroundingDinoForObjectDetection(MMGroundingDinoConfig(**sizes)).eval()
    return GroundingDinoForObjectDetection(GroundingDinoConfig(**sizes)).eval()


def word_tokenizer(extra: tuple[str, ...] = ()) -> PreTrainedTokenizerFast:
    """One token a word, with marks at both ends as CLIP's and BART's."""
    vocabulary = {
        word: index
        for index, word in enumerate(
            ["!", "<s>", "<pad>", "</s>", "<unk>", *WORDS, "photo", *extra]
        )
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("</s>", 3), ("<s>", 1))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
        eos_token="</s>",
    )  # fmt: skip


def tiny_owlv2() -> Owlv2ForObjectDetection:
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2}
    config = Owlv2Config(
        text_config={
            **sizes, "vocab_size": 64, "num_attention_heads": 2, "max_position_embeddings": 16,
            "bos_token_id": 1, "eos_token_id": 3, "pad_token_id": 2, "initializer_range": 0.3,
        },
        vision_config={
            **sizes, "image_size": 64, "patch_size": 16, "num_attention_heads": 2,
            "initializer_range": 0.3,
        },
        projection_dim=32,
    )  # fmt: skip
    return Owlv2ForObjectDetection(config).eval()


def tiny_omdet_turbo() -> OmDetTurboForObjectDetection:
    config = OmDetTurboConfig(
        text_config=CLIPTextConfig(
            hidden_size=48, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
            vocab_size=64, max_position_embeddings=77, bos_token_id=1, pad_token_id=2,
            eos_token_id=3, projection_dim=48,
        ),
        backbone_config=SwinConfig(
            image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2],
            window_size=4, out_indices=[2, 3, 4],
        ),
        use_timm_backbone=False, apply_layernorm_after_vision_backbone=False, image_size=64,
        encoder_in_channels=[16, 32, 64], vision_features_channels=[32, 32, 32],
        encoder_hidden_dim=32, decoder_hidden_dim=32, encoder_attention_heads=2,
        decoder_num_heads=2, encoder_dim_feedforward=32, decoder_dim_feedforward=32,
        decoder_num_layers=2, num_queries=6, text_projection_in_dim=48, text_projection_out_dim=48,
        task_encoder_hidden_dim=32, class_embed_dim=48, disable_custom_kernels=True,
    )  # fmt: skip
    return OmDetTurboForObjectDetection(config).eval()


def florence2_tokenizer() -> PreTrainedTokenizerFast:
    made = word_tokenizer(("locate", "in", "image"))
    made.add_special_tokens({"additional_special_tokens": ["<image>"]})
    made.add_tokens([f"<loc_{index}>" for index in range(1000)], special_tokens=True)
    made.image_token, made.image_token_id = "<image>", made.convert_tokens_to_ids("<image>")
    return made


def tiny_florence2(tokenizer: PreTrainedTokenizerFast) -> Florence2ForConditionalGeneration:
    vision = Florence2VisionConfig(
        depths=[1, 1, 1, 1], patch_size=[7, 3, 3, 3], embed_dim=[8, 16, 32, 32],
        num_heads=[1, 2, 4, 4], num_groups=[1, 2, 4, 4], window_size=4, projection_dim=32,
        drop_path_rate=0.0,
    )  # fmt: skip
    text = BartConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, max_position_embeddings=128, init_std=0.5, bos_token_id=1,
        pad_token_id=2, eos_token_id=3, decoder_start_token_id=3, forced_eos_token_id=3,
    )  # fmt: skip
    config = Florence2Config(
        text_config=text, vision_config=vision, image_token_id=tokenizer.image_token_id
    )
    return Florence2ForConditionalGeneration(config).eval()
