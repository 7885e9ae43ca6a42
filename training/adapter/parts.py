# SPDX-License-Identifier: Apache-2.0
"""Loads a model directory to train on: frozen networks, LoRA not merged, a selector that learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    BitsAndBytesConfig,
    ConvNextModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    SamModel,
)

from llmseg_core.config import ImageEncoderKind, LLMSegConfig, RuntimeConfig
from llmseg_core.embeddings.clip_convnext import ClipConvNextEncoder
from llmseg_core.embeddings.dinov2 import Dino, Dinov2Encoder
from llmseg_core.embeddings.sam_features import SamFeatureEncoder
from llmseg_core.familiarity.seen_images import SeenImages
from llmseg_core.model_dir.checkpoint import (
    SELECTOR_FILE,
    load_config,
    load_sam,
    load_seen_images,
    load_selector,
)
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.model_dir.network_files import ADAPTER_CONFIG, load_network, part_folder
from llmseg_core.model_dir.networks import build_selector, encoder_class, image_encoder_of
from llmseg_core.model_dir.vlm_files import load_vlm, vlm_place, with_vlm_in
from llmseg_core.runtime.random_state import seeded
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.vlm_image import VlmPixels

from .lora import LoraRecipe, learning_adapter

__all__ = [
    "LOAD_IN",
    "AdapterParts",
    "absolute_place",
    "load_adapter_parts",
    "quantization",
    "referring",
]

LOAD_IN = ("8bit", "4bit")
"""Number formats of bitsandbytes for the frozen weights of the language model."""
NOT_QUANTIZED = (
    *("vision_tower", "multi_modal_projector", "visual", "vision_model", "connector"),
    "lm_head",
)
"""vision parts of the families of VLMs, and the head"""


@dataclass(frozen=True)
class AdapterParts:
    """What a training begins with.

    Attributes:
        config: of the model directory that comes out of it: parts by absolute path, an adapter.
        encoder_network: the frozen network of the image encoder.
        image_encoder: around it.
        llava: the VLM with LoRA in it.
        adapter: the same as peft sees it.
        tokenizer: the VLM's, with the seg token.
        selector: the mask selector, float32.
        pixels: how the VLM's images are made; None is LLaVA's way.
        seen_images: what the directory knew before; SAM and image encoder do not learn, so it
            stays true. None if it knows nothing.
    """

    config: LLMSegConfig
    encoder_network: Dino | ConvNextModel | SamModel
    image_encoder: Dinov2Encoder | ClipConvNextEncoder | SamFeatureEncoder
    llava: PreTrainedModel
    adapter: PeftModel
    tokenizer: PreTrainedTokenizerBase
    selector: MaskSelector
    pixels: VlmPixels | None = None
    seen_images: SeenImages | None = None


def load_adapter_parts(
    directory: str | Path,
    lora: LoraRecipe,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    attention: str = "sdpa",
    load_in: str | None = None,
    new_selector: bool = False,
    seed: int = 0,
) -> AdapterParts:
    """Read a model directory for training, without SAM: proposals come from elsewhere.

    A directory that has an adapter goes on with it. One without `selector.safetensors` gets a new
    selector.

    Args:
        directory: a path, or "embedded" for the model that comes with the package.
        lora: size of a new adapter.
        dtype: number format of frozen weights; what learns is float32.
        device: where the networks go.
        attention: implementation: "sdpa", "eager" or "flash_attention_2".
        load_in: "8bit" or "4bit" for the frozen language model, None for `dtype`.
        new_selector: whether to begin with a new selector in any case.
        seed: of new weights.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if weights and configuration do not fit, or `load_in` is not possible here.
    """
    path = model_directory(directory)
    config = load_config(path)
    options = quantization(load_in, dtype, device)
    vlm = load_vlm(path, config, dtype, attention, **options)
    llava, tokenizer = vlm.network, vlm.tokenizer
    with seeded(seed, device):
        adapter = learning_adapter(vlm, lora)
    selector = build_selector(config.selector, seed)
    if (path / SELECTOR_FILE).exists() and not new_selector:
        load_selector(path / SELECTOR_FILE, selector)
    network = _encoder_network(path, config, dtype, attention, device)
    encoder = image_encoder_of(network, config.image_encoder)
    for name, said, real in (
        ("feature_dim", config.selector.feature_dim, encoder.feature_dim),
        ("hidden_dim", config.selector.hidden_dim, llava.config.text_config.hidden_size),
    ):
        if said != real:
            raise ValueError(f"{path}: selector.{name} is {said}, the network has {real}")
    return AdapterParts(
        config=replace(referring(path, config), adapter="adapter"),
        encoder_network=network,
        image_encoder=encoder,
        llava=llava if load_in else llava.to(device),
        adapter=adapter,
        tokenizer=tokenizer,
        selector=selector.to(device).float(),
        pixels=vlm.pixels,
        seen_images=load_seen_images(path),
    )


def _encoder_network(
    path: Path,
    config: LLMSegConfig,
    dtype: torch.dtype,
    attention: str,
    device: torch.device | str,
) -> Dino | ConvNextModel | SamModel:
    """The frozen network of the image encoder that the configuration names."""
    kind = config.image_encoder.kind
    if kind is ImageEncoderKind.SAM:
        runtime = RuntimeConfig(str(device), str(dtype).removeprefix("torch."), attention)
        network = load_sam(path, runtime)
    elif kind is ImageEncoderKind.DINOV2:
        place = part_folder(path, config.dinov2)
        network = load_network(encoder_class(kind, place), place, dtype, attention)
    else:  # it has no attention
        network = load_network(ConvNextModel, part_folder(path, config.convnext), dtype, "eager")
    return network.to(device).eval().requires_grad_(False)


def referring(path: Path, config: LLMSegConfig) -> LLMSegConfig:
    """The configuration of a directory elsewhere: parts by absolute path, hub names as they are.

    Args:
        path: the model directory.
        config: its own.

    Raises:
        FileNotFoundError: as `part_folder`.
    """
    encoders = {
        ImageEncoderKind.DINOV2: "dinov2",
        ImageEncoderKind.CLIP_CONVNEXT: "convnext",
        ImageEncoderKind.SAM: "sam",
    }
    absolute = {
        name: absolute_place(path, getattr(config, name))
        for name in ("sam", encoders[config.image_encoder.kind])
    }
    if config.adapter is not None:
        absolute["adapter"] = absolute_place(path, config.adapter, ADAPTER_CONFIG)
    plain = with_vlm_in(config, absolute_place(path, vlm_place(config))).to_dict()
    return LLMSegConfig.from_dict({**plain, **absolute})


def absolute_place(path: Path, name: str, config_file: str = "config.json") -> str:
    """Where the part `name` of the model directory `path` is, seen from anywhere.

    Raises:
        FileNotFoundError: as `part_folder`.
    """
    place = part_folder(path, name, config_file)
    return str(Path(place).resolve()) if Path(place).exists() else place


def quantization(
    load_in: str | None, dtype: torch.dtype, device: torch.device | str
) -> dict[str, Any]:
    """How bitsandbytes stores the language model; vision, embeddings and head stay as they are."""
    if load_in is None:
        return {}
    if load_in not in LOAD_IN:
        raise ValueError(f'load_in is {load_in!r}, it must be "8bit", "4bit" or left out')
    if find_spec("bitsandbytes") is None:
        raise ValueError(
            f"load_in is {load_in!r}, which needs the package bitsandbytes: pip install "
            f"bitsandbytes, or leave load_in out"
        )
    config = BitsAndBytesConfig(
        load_in_8bit=load_in == "8bit",
        load_in_4bit=load_in == "4bit",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=[*NOT_QUANTIZED],
    )
    return {"quantization_config": config, "device_map": {"": device}}
