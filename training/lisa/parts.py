# SPDX-License-Identifier: Apache-2.0
"""Loads a LISA to train: SAM frozen, LoRA not merged, projection and mask decoder that learn."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, SamModel

from llmseg_core.config import LisaConfig
from llmseg_core.model_dir.directory import CONFIG_FILE, model_directory
from llmseg_core.model_dir.lisa_files import LISA_FILE, load_lisa_config, load_lisa_decoder
from llmseg_core.model_dir.network_files import load_network, part_folder, save_weights
from llmseg_core.model_dir.vlm_files import load_vlm, vlm_place, with_vlm_in
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.runtime.random_state import seeded
from llmseg_core.runtime.whole_folder import written_whole
from llmseg_core.vlm.vlm_image import VlmPixels

from ..adapter.directory import SCORES_FILE
from ..adapter.lora import LoraRecipe, learning_adapter
from ..adapter.parts import absolute_place, quantization

__all__ = ["LisaTrainingParts", "load_lisa_training", "save_lisa_training"]


@dataclass(frozen=True)
class LisaTrainingParts:
    """What a training begins with.

    Attributes:
        config: of the model directory that comes out of it: parts by absolute path, an adapter.
        sam: frozen.
        llava: the VLM with LoRA in it.
        adapter: the same as peft sees it.
        tokenizer: the VLM's, with the seg token.
        decoder: projection and mask decoder, float32.
        pixels: how the VLM's images are made; None is LLaVA's way.
    """

    config: LisaConfig
    sam: SamModel
    llava: PreTrainedModel
    adapter: PeftModel
    tokenizer: PreTrainedTokenizerBase
    decoder: SegPromptDecoder
    pixels: VlmPixels | None = None


def load_lisa_training(
    directory: str | Path,
    lora: LoraRecipe,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    attention: str = "sdpa",
    load_in: str | None = None,
    new_decoder: bool = False,
    seed: int = 0,
) -> LisaTrainingParts:
    """The networks of a model directory whose method is `lisa`; see `load_adapter_parts`.

    Where it has no `lisa.safetensors`, the training begins with SAM's own mask decoder and a random
    projection: a folder with `llmseg.yaml`, a SAM and a LLaVA suffices.

    Args:
        directory: the model directory; one with an adapter goes on with it.
        lora: size of a new adapter.
        dtype: number format of frozen weights; what learns is float32.
        device: where the networks go.
        attention: implementation: "sdpa", "eager" or "flash_attention_2".
        load_in: "8bit" or "4bit" for the frozen language model, None for `dtype`.
        new_decoder: whether to begin with SAM's mask decoder and a new projection in any case.
        seed: of new weights.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if weights and configuration do not fit, or `load_in` is not possible here.
    """
    path = model_directory(directory)
    config = load_lisa_config(path)
    options = quantization(load_in, dtype, device)
    vlm = load_vlm(path, config, dtype, attention, **options)
    llava, tokenizer = vlm.network, vlm.tokenizer
    with seeded(seed, device):
        adapter = learning_adapter(vlm, lora)
    place = part_folder(path, config.sam)
    sam = load_network(SamModel, place, dtype, "eager" if attention == "eager" else "sdpa")
    with seeded(seed):
        decoder = SegPromptDecoder(sam, llava.config.text_config.hidden_size).float()
    if (path / LISA_FILE).exists() and not new_decoder:
        load_lisa_decoder(path / LISA_FILE, decoder)
    return LisaTrainingParts(
        config=replace(
            with_vlm_in(config, absolute_place(path, vlm_place(config))),
            sam=absolute_place(path, config.sam),
            adapter="adapter",
        ),
        sam=sam.to(device).eval().requires_grad_(False),
        llava=llava if load_in else llava.to(device),
        adapter=adapter,
        tokenizer=tokenizer,
        decoder=decoder.to(device),
        pixels=vlm.pixels,
    )


def save_lisa_training(
    parts: LisaTrainingParts, directory: Path, scores: dict[str, Any] | None = None
) -> None:
    """Write what was trained, whole or not at all, as a model directory that `load_method` reads.

    DIRECTORY/llmseg.yaml        names SAM and VLM of the base
    DIRECTORY/adapter/           LoRA, embeddings and head as peft writes them, and the tokenizer
    DIRECTORY/lisa.safetensors
    DIRECTORY/validation.json    `scores`, if there are any
    """
    with written_whole(directory, CONFIG_FILE) as folder:
        text = yaml.safe_dump(parts.config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        # see `save_adapter_directory`
        parts.adapter.save_pretrained(str(folder / "adapter"), save_embedding_layers=False)
        parts.tokenizer.save_pretrained(folder / "adapter")
        save_weights(parts.decoder.state_dict(), folder / LISA_FILE)
        if scores is not None:
            (folder / SCORES_FILE).write_text(json.dumps(scores, indent=2), encoding="utf-8")
