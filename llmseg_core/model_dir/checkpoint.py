# SPDX-License-Identifier: Apache-2.0
"""Model directories on disk: read strictly, written whole. Nothing is ever downloaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
import yaml
from transformers import (
    ConvNextModel,
)

from llmseg_core.config import ImageEncoderKind, LisaConfig, LLMSegConfig, RuntimeConfig
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.embeddings.dinov2 import DINOS, Dino
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE, SeenImages
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype
from llmseg_core.runtime.whole_folder import written_whole
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.prompt_tokens import PromptTokens

from .adapter_files import merged_adapter
from .directory import CONFIG_FILE, method_name, model_directory
from .lisa_files import load_lisa_config
from .network_files import (
    ADAPTER_CONFIG,
    READING,
    SharedNetworks,
    as_dtype,
    module_weights,
    part_folder,
    quiet,
    save_weights,
)
from .networks import encoder_class
from .parts import ModelParts
from .proposers import Proposer, proposer_class
from .vlm_files import load_vlm, prompt_tokens, save_vlm, vlm_place, with_vlm_in

__all__ = [
    "SELECTOR_FILE",
    "inspect_model",
    "load_config",
    "load_encoder",
    "load_parts",
    "load_prompt_tokens",
    "load_sam",
    "load_seen_images",
    "load_selector",
    "load_trained_config",
    "save_parts",
    "save_selector",
]

SELECTOR_FILE = "selector.safetensors"


# ------------------------------------------------------------------ reading


def load_parts(
    directory: str | Path,
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> ModelParts:
    """The networks of a model directory, in evaluation mode, on the device, LoRA merged.

    Threads may call it at the same time; they read one after the other.

    Args:
        directory: a path, or "embedded" for the model that comes with the package.
        runtime: device, number format and attention implementation; None means a CPU. A CPU
            without units for the format takes float32 for SAM and the image encoder (see
            `faster_dtype`); the VLM, which is most of the weights, keeps the format.
        shared: frozen networks of other models, used again where the files are the same.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if weights and configuration do not fit, or the device is not there.
    """
    runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    path, config = model_directory(directory), inspect_model(directory)
    sam = load_sam(path, runtime, shared)
    encoder = load_encoder(path, runtime, shared)
    with READING:
        vlm = load_vlm(path, config, dtype, runtime.attention)
        llava = merged_adapter(vlm.network, vlm.adapter)
    with torch.device("meta"):  # sizes that do not fit must not take memory first
        module_weights(path / SELECTOR_FILE, MaskSelector(config.selector))
    selector = load_selector(path / SELECTOR_FILE, MaskSelector(config.selector))
    parts = ModelParts(
        config=config,
        sam=sam,
        dinov2=encoder if isinstance(encoder, DINOS) else None,
        llava=llava.to(device).eval(),
        tokenizer=vlm.tokenizer,
        pixels=vlm.pixels,
        selector=selector.to(device, dtype).eval(),
        convnext=encoder if isinstance(encoder, ConvNextModel) else None,
        seen_images=load_seen_images(path),
    )
    _check_sizes(path, parts)
    return parts


def load_sam(
    directory: str | Path,
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> Proposer:
    """SAM, SAM-HQ or SAM 2 of a model directory alone, in evaluation mode, on the device.

    Args:
        directory: a path, or "embedded" for the model that comes with the package.
        runtime: device, number format (see `load_parts`) and attention implementation; None means
            a CPU.
        shared: networks of other models, used again where the files are the same.

    Raises:
        FileNotFoundError: if the directory or SAM in it is missing.
        ValueError: if its weights and configuration do not fit, or the device is not there.
    """
    runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
    device, path = torch_device(runtime), model_directory(directory)
    dtype = faster_dtype(device, torch_dtype(runtime))
    name = part_folder(path, load_config(path).sam)
    # SAM's encoder has no flash attention: its position bias needs a mask.
    attention = "eager" if runtime.attention == "eager" else "sdpa"
    with READING:
        sam: Proposer = shared.load(proposer_class(name), name, dtype, attention, device)
    return sam


def load_encoder(
    directory: str | Path,
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> Dino | ConvNextModel | None:
    """The network of a model directory's image encoder alone; None where SAM's own is used.

    Args and errors are those of `load_sam`.
    """
    runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
    path = model_directory(directory)
    config, device = load_config(path), torch_device(runtime)
    folder = _encoder_folder(config)
    if folder is None:
        return None
    place = part_folder(path, folder)
    cls = encoder_class(config.image_encoder.kind, place)
    # A ConvNeXt has no attention, and transformers takes no word about it.
    attention = "eager" if cls is ConvNextModel else runtime.attention
    dtype = faster_dtype(device, torch_dtype(runtime))
    with READING:
        encoder: Dino | ConvNextModel = shared.load(cls, place, dtype, attention, device)
    return encoder


def inspect_model(directory: str | Path) -> LLMSegConfig:
    """The configuration of a model directory whose parts are all there; reads no weights.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if the configuration is wrong.
    """
    path = model_directory(directory)
    config = load_config(path)
    for name in (config.sam, _encoder_folder(config), vlm_place(config)):
        if name is not None:
            part_folder(path, name)
    if config.adapter is not None:
        part_folder(path, config.adapter, ADAPTER_CONFIG)
    if not (path / SELECTOR_FILE).is_file():
        raise FileNotFoundError(f"{path} is no model directory: it has no {SELECTOR_FILE}")
    return config


def load_config(path: Path) -> LLMSegConfig:
    """The configuration of the model directory `path`.

    Raises:
        ValueError: if the file is no YAML or holds a wrong key or value.
    """
    file = path / CONFIG_FILE
    return LLMSegConfig.from_dict(read_yaml(file), str(file))


def load_trained_config(path: Path) -> LLMSegConfig | LisaConfig:
    """Read the configuration of a model directory whose method is trained: LLM-Seg's or LISA's.

    Raises:
        ValueError: naming file and key, if it is of another method or a setting is wrong.
    """
    return load_lisa_config(path) if method_name(path) == LisaConfig.method else load_config(path)


def load_selector(file: Path, selector: MaskSelector) -> MaskSelector:
    """Fill `selector` from `file`, in its own number format.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if keys are missing or too many, a shape differs, or a weight is not finite; the
            message names them.
    """
    selector.load_state_dict(module_weights(file, selector))
    return selector


def load_seen_images(path: Path) -> SeenImages | None:
    """What the model in the directory `path` has seen; None where nothing was kept.

    Raises:
        ValueError: if the file is damaged.
    """
    file = path / SEEN_IMAGES_FILE
    return SeenImages.load(file) if file.is_file() else None


def load_prompt_tokens(directory: str | Path) -> PromptTokens:
    """What the VLM of a model directory can be asked, known without its weights.

    Raises:
        FileNotFoundError: if the directory, or the VLM's configuration or tokenizer is missing.
        ValueError: if they cannot be read.
    """
    path = model_directory(directory)
    return prompt_tokens(path, load_trained_config(path))


def _encoder_folder(config: LLMSegConfig) -> str | None:
    """Where the image encoder's network is; None where SAM's own encoder is used."""
    folders = {
        ImageEncoderKind.DINOV2: config.dinov2,
        ImageEncoderKind.CLIP_CONVNEXT: config.convnext,
    }
    return folders.get(config.image_encoder.kind)


def _feature_dim(parts: ModelParts) -> int:
    """Channels of the image encoder's feature map."""
    if parts.dinov2 is not None:
        return int(parts.dinov2.config.hidden_size)
    if parts.convnext is not None:
        return int(parts.convnext.config.hidden_sizes[-1])
    return int(parts.sam.config.vision_config.output_channels)


def _check_sizes(path: Path, parts: ModelParts) -> None:
    config, hidden_dim = parts.config.selector, parts.llava.config.text_config.hidden_size
    for name, said, real in (
        ("feature_dim", config.feature_dim, _feature_dim(parts)),
        ("hidden_dim", config.hidden_dim, hidden_dim),
    ):
        if said != real:
            raise ValueError(
                f"{path / CONFIG_FILE}: selector.{name} is {said}, the network has {real}"
            )


# ------------------------------------------------------------------ writing


def save_parts(parts: ModelParts, directory: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write a model directory, whole or not at all; LoRA is expected to be merged.

    Args:
        parts: the networks; they are not changed.
        directory: made or replaced.
        dtype: number format of the weights; None keeps theirs.
    """
    config = with_vlm_in(
        replace(parts.config, sam="sam", dinov2="dinov2", convnext="convnext", adapter=None)
    )
    with written_whole(directory, CONFIG_FILE) as folder, quiet():
        text = yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        for name in ("sam", "dinov2", "convnext"):
            if (network := getattr(parts, name)) is not None:
                as_dtype(network, dtype).save_pretrained(folder / name)
        save_vlm(folder, config, parts.llava, parts.tokenizer, parts.pixels, dtype)
        save_selector(parts.selector, folder / SELECTOR_FILE, dtype)
        if parts.seen_images is not None:
            parts.seen_images.save(folder / SEEN_IMAGES_FILE)


def save_selector(selector: MaskSelector, file: Path, dtype: torch.dtype | None = None) -> None:
    """Write the selector's weights, in `dtype` or their own number format."""
    save_weights(as_dtype(selector, dtype).state_dict(), file)
