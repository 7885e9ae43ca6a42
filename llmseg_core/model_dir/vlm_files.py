# SPDX-License-Identifier: Apache-2.0
"""The VLM with a seg token in a model directory: its network, its tokenizer, LoRA on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import LlavaConfig, LlavaForConditionalGeneration, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig
from llmseg_core.vlm.llava import llava_class
from llmseg_core.vlm.prompt_tokens import PromptTokens
from llmseg_core.vlm.tokenizer import add_special_tokens, name_special_tokens

from .network_files import ADAPTER_CONFIG, load_network, load_tokenizer, local_place, part_folder

__all__ = ["VlmOfSegToken", "load_vlm", "prompt_tokens"]


class VlmOfSegToken(Protocol):
    """What the configuration of a method says of its VLM."""

    @property
    def llava(self) -> str:
        """Folder, path or name of the network."""

    @property
    def adapter(self) -> str | None:
        """The same of LoRA on it, if there is one."""

    @property
    def seg_token(self) -> SegTokenConfig:
        """How it is asked."""


def load_vlm(
    path: Path, config: VlmOfSegToken, dtype: torch.dtype, attention: str, **options: Any
) -> tuple[LlavaForConditionalGeneration, PreTrainedTokenizerBase, str | None]:
    """The VLM of the model directory `path`, its tokenizer, and the folder of LoRA to put on it.

    LoRA is put on it by `load_adapter`.

    Args:
        path: the model directory.
        config: of that directory.
        dtype: number format.
        attention: implementation of attention.
        options: more for transformers' `from_pretrained`.

    Raises:
        FileNotFoundError: if a part is missing.
        ValueError: if weights and configuration do not fit.
    """
    name, llava_config, adapter = _vlm_place(path, config)
    llava = load_network(llava_class(llava_config), name, dtype, attention, **options)
    tokenizer = _vlm_tokenizer(name, adapter)
    if adapter is not None:
        add_special_tokens(tokenizer, llava)
    return llava, tokenizer, adapter


def prompt_tokens(path: Path, config: VlmOfSegToken) -> PromptTokens:
    """What the VLM of the model directory `path` can be asked, known without its weights.

    Raises:
        FileNotFoundError: if the VLM's configuration or tokenizer is missing.
        ValueError: if they cannot be read.
    """
    name, llava_config, adapter = _vlm_place(path, config)
    tokenizer = _vlm_tokenizer(name, adapter)
    name_special_tokens(tokenizer)
    return PromptTokens(tokenizer, config.seg_token, llava_config)


def _vlm_place(path: Path, config: VlmOfSegToken) -> tuple[str, LlavaConfig, str | None]:
    """Where the VLM is, its sizes, and where LoRA on it is."""
    name = local_place(part_folder(path, config.llava))
    try:
        llava_config = LlavaConfig.from_pretrained(name, local_files_only=True)
    except OSError as error:
        raise FileNotFoundError(
            f"no LLaVA configuration can be read from {name}: {error}"
        ) from None
    if config.adapter is None:
        return name, llava_config, None
    place = part_folder(path, config.adapter, ADAPTER_CONFIG)
    return name, llava_config, local_place(place, ADAPTER_CONFIG)


def _vlm_tokenizer(name: str, adapter: str | None) -> PreTrainedTokenizerBase:
    """The tokenizer of the VLM, or the one that was trained with LoRA."""
    if adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file():
        return load_tokenizer(adapter)
    return load_tokenizer(name)
