# SPDX-License-Identifier: Apache-2.0
"""Folders with tiny random networks of the other methods' real classes, processors and all."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import (
    CLIPImageProcessorPil,
    GroundingDinoImageProcessorPil,
    GroundingDinoProcessor,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    Owlv2ImageProcessorPil,
)

from helpers.tiny_locators import (
    bert_tokenizer,
    florence2_tokenizer,
    tiny_florence2,
    tiny_grounding_dino,
    tiny_omdet_turbo,
    tiny_owlv2,
    word_tokenizer,
)
from helpers.tiny_model import tiny_llava_config, tiny_tokenizer
from helpers.tiny_prompted import tiny_sam, tiny_sam2, tiny_sam_hq
from helpers.tiny_vlms import tiny_qwen
from llmseg_core.vlm.prompts import IMAGE_TOKEN


def save_tiny_two_stage(folder: Path) -> tuple[Path, Path, Path]:
    """Write the VLM, the detector and SAM; the same weights at every call."""
    vlm, detector, sam = folder / "vlm", folder / "detector", folder / "sam"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _save_vlm(vlm)
        save_locator(detector, "grounding_dino")
        tiny_sam().save_pretrained(sam)
    return vlm, detector, sam


def save_segmenter(folder: Path, kind: str) -> None:
    """`kind` is "sam", "sam_hq" or "sam2"."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = {"sam": tiny_sam, "sam_hq": tiny_sam_hq, "sam2": tiny_sam2}[kind]()
        made.save_pretrained(folder)


def save_locator(folder: Path, kind: str) -> None:
    """A locator with its tokenizer and what it says of its images."""
    settings = {"size": {"height": 64, "width": 64}}
    if kind == "owlv2":
        tiny_owlv2().save_pretrained(folder)
        word_tokenizer().save_pretrained(folder)
        Owlv2ImageProcessorPil(**settings).save_pretrained(folder)
    elif kind == "omdet_turbo":
        tiny_omdet_turbo().save_pretrained(folder)
        word_tokenizer().save_pretrained(folder)
    elif kind == "florence2":
        tokenizer = florence2_tokenizer()
        tiny_florence2(tokenizer).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        CLIPImageProcessorPil(**settings).save_pretrained(folder)
    else:
        tiny_grounding_dino(kind).save_pretrained(folder)
        pixels = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
        GroundingDinoProcessor(pixels, bert_tokenizer()).save_pretrained(folder)


def save_qwen(folder: Path, kind: str) -> None:
    """A Qwen VLM as published: its images' settings have a file of their own."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        chat = tiny_qwen(kind)
    chat.model.save_pretrained(folder)
    chat.tokenizer.save_pretrained(folder)
    settings = {"min_pixels": 256, "max_pixels": 4096, "patch_size": 8, "merge_size": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")


def _save_vlm(folder: Path) -> None:
    tokenizer = tiny_tokenizer()
    config = tiny_llava_config(tokenizer)
    config.text_config.max_position_embeddings = 1024
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token=IMAGE_TOKEN,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
