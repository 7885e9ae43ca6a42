# SPDX-License-Identifier: Apache-2.0
"""The VLM with a seg token in a model directory: its network, its tokenizer, LoRA on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig, SegTokenVlmConfig
from llmseg_core.vlm.families import KINDS, conversation_of, network_class, vlm_pixels
from llmseg_core.vlm.prompt_tokens import PromptTokens
from llmseg_core.vlm.tokenizer import add_special_tokens, name_special_tokens
from llmseg_core.vlm.vlm_image import VlmPixels

from .network_files import (
    ADAPTER_CONFIG,
    as_dtype,
    image_settings,
    load_network,
    load_tokenizer,
    local_place,
    part_folder,
    part_kind,
)

__all__ = [
    "LoadedVlm",
    "VlmOfSegToken",
    "load_vlm",
    "prompt_tokens",
    "save_vlm",
    "vlm_place",
    "with_vlm_in",
]

IMAGE_SETTINGS = "preprocessor_config.json"


class VlmOfSegToken(Protocol):
    """What the configuration of a method says of its VLM."""

    @property
    def llava(self) -> str:
        """Folder, path or name of a LLaVA."""

    @property
    def vlm(self) -> SegTokenVlmConfig | None:
        """The VLM in its stead."""

    @property
    def adapter(self) -> str | None:
        """Folder, path or name of LoRA on it, if there is one."""

    @property
    def seg_token(self) -> SegTokenConfig:
        """How it is asked."""


@dataclass(frozen=True)
class LoadedVlm:
    """A VLM from its files.

    Attributes:
        network: without LoRA.
        tokenizer: its own, or the one that was trained with LoRA.
        pixels: how its images are made.
        adapter: the folder of LoRA to put on it with `load_adapter`, if there is one.
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    pixels: VlmPixels
    adapter: str | None


def load_vlm(
    path: Path, config: VlmOfSegToken, dtype: torch.dtype, attention: str, **options: Any
) -> LoadedVlm:
    """The VLM of the model directory `path`.

    Args:
        path: the model directory.
        config: of that directory.
        dtype: number format.
        attention: implementation of attention.
        options: more for transformers' `from_pretrained`.

    Raises:
        FileNotFoundError: if a part is missing.
        ValueError: if weights and configuration do not fit, or it is a VLM of an unknown family.
    """
    name, vlm_config, adapter = _found(path, config)
    network = load_network(network_class(vlm_config), name, dtype, attention, **options)
    tokenizer = _vlm_tokenizer(name, adapter)
    if adapter is not None:
        add_special_tokens(tokenizer, network)
    return LoadedVlm(network, tokenizer, _pixels(name, vlm_config, config), adapter)


def prompt_tokens(path: Path, config: VlmOfSegToken) -> PromptTokens:
    """What the VLM of the model directory `path` can be asked, known without its weights.

    Raises:
        FileNotFoundError: if the VLM's configuration or tokenizer is missing.
        ValueError: if they cannot be read.
    """
    name, vlm_config, adapter = _found(path, config)
    tokenizer = _vlm_tokenizer(name, adapter)
    pixels = _pixels(name, vlm_config, config)
    conversation = conversation_of(vlm_config, config.seg_token, pixels)
    name_special_tokens(tokenizer, vlm_config.model_type)
    return PromptTokens(tokenizer, config.seg_token, conversation)


def vlm_place(config: VlmOfSegToken) -> str:
    """Folder, path or name of the VLM."""
    return config.llava if config.vlm is None else config.vlm.path


C = TypeVar("C", bound=VlmOfSegToken)


def with_vlm_in(config: C, place: str | None = None) -> C:
    """The configuration with its VLM elsewhere.

    Args:
        config: it is not changed.
        place: of the VLM; None is where `save_vlm` writes it.
    """
    if config.vlm is None:
        return replace(config, llava=place or "llava")  # type: ignore[type-var]
    return replace(config, vlm=replace(config.vlm, path=place or "vlm"))  # type: ignore[type-var]


def save_vlm(
    folder: Path,
    config: VlmOfSegToken,
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pixels: VlmPixels | None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a VLM into the model directory `folder`.

    Args:
        folder: the model directory.
        config: from `with_vlm_in`.
        network: it is not changed.
        tokenizer: its tokenizer.
        pixels: how its images are made, if its configuration does not say so.
        dtype: number format of the weights; None keeps theirs.
    """
    place = folder / vlm_place(config)
    as_dtype(network, dtype).save_pretrained(place)
    tokenizer.save_pretrained(place)
    settings = None if pixels is None else pixels.settings()
    if settings is not None:
        (place / IMAGE_SETTINGS).write_text(json.dumps(settings, indent=2), encoding="utf-8")


def _found(path: Path, config: VlmOfSegToken) -> tuple[str, PretrainedConfig, str | None]:
    """Where the VLM is, its sizes, and where LoRA on it is."""
    setting = "llava" if config.vlm is None else "vlm"
    name = local_place(part_folder(path, vlm_place(config)))
    kind = part_kind(name, KINDS, setting)
    try:
        vlm_config = KINDS[kind].from_pretrained(name, local_files_only=True)
    except OSError as error:
        raise FileNotFoundError(f"no VLM configuration can be read from {name}: {error}") from None
    if config.adapter is None:
        return name, vlm_config, None
    place = part_folder(path, config.adapter, ADAPTER_CONFIG)
    return name, vlm_config, local_place(place, ADAPTER_CONFIG)


def _pixels(name: str, vlm_config: PretrainedConfig, config: VlmOfSegToken) -> VlmPixels:
    """How the images of the VLM in the folder `name` are made."""
    settings = {} if vlm_config.model_type == "llava" else image_settings(name)
    return vlm_pixels(vlm_config, config.seg_token, settings, config.vlm)


def _vlm_tokenizer(name: str, adapter: str | None) -> PreTrainedTokenizerBase:
    """The tokenizer of the VLM, or the one that was trained with LoRA."""
    if adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file():
        return load_tokenizer(adapter)
    return load_tokenizer(name)
