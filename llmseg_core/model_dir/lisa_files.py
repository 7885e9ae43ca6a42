# SPDX-License-Identifier: Apache-2.0
"""Model directories of the method `lisa`: read strictly, written whole.

llmseg.yaml            names SAM and LLaVA
lisa.safetensors       projection of the seg token's state, and the mask decoder as it was trained
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
import yaml
from transformers import PreTrainedModel, PreTrainedTokenizerBase, SamModel

from llmseg_core.config import LisaConfig, RuntimeConfig
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype
from llmseg_core.runtime.whole_folder import written_whole
from llmseg_core.vlm.vlm_image import VlmPixels

from .adapter_files import merged_adapter
from .directory import CONFIG_FILE
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
from .vlm_files import load_vlm, save_vlm, vlm_place, with_vlm_in

__all__ = [
    "LISA_FILE",
    "LisaParts",
    "lisa_places",
    "load_lisa",
    "load_lisa_config",
    "load_lisa_decoder",
    "save_lisa",
]

LISA_FILE = "lisa.safetensors"


@dataclass(frozen=True)
class LisaParts:
    """The networks of a LISA.

    Attributes:
        config: names, conversation and threshold.
        sam: its image encoder is used.
        llava: the VLM.
        tokenizer: the VLM's, with the seg token.
        decoder: projection and mask decoder.
        pixels: how the VLM's images are made; None is LLaVA's way.
    """

    config: LisaConfig
    sam: SamModel
    llava: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    decoder: SegPromptDecoder
    pixels: VlmPixels | None = None


def load_lisa_config(path: Path) -> LisaConfig:
    """The configuration of the model directory `path`.

    Raises:
        ValueError: if the file is no YAML or holds a wrong key or value.
    """
    file = path / CONFIG_FILE
    return LisaConfig.from_dict(read_yaml(file), str(file))


def lisa_places(path: Path, config: LisaConfig) -> dict[str, str]:
    """Where the parts are, by the setting that names them; reads no weights.

    Raises:
        FileNotFoundError: if one is missing.
    """
    setting = "llava" if config.vlm is None else "vlm"
    names = {"sam": config.sam, setting: vlm_place(config)}
    places = {setting: part_folder(path, name) for setting, name in names.items()}
    if config.adapter is not None:
        places["adapter"] = part_folder(path, config.adapter, ADAPTER_CONFIG)
    if not (path / LISA_FILE).is_file():
        raise FileNotFoundError(f"{path} is no model directory: it has no {LISA_FILE}")
    return places


def load_lisa(
    path: Path,
    config: LisaConfig,
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> LisaParts:
    """The networks of a model directory, in evaluation mode, on the device, LoRA merged.

    Args:
        path: the model directory.
        config: of it.
        runtime: as `load_parts` takes it.
        shared: networks of other models: SAM is used again where its files are the same.

    Raises:
        FileNotFoundError: if a part is missing.
        ValueError: if weights and configuration do not fit, or the device is not there.
    """
    runtime, shared = runtime or RuntimeConfig(), shared or SharedNetworks()
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    places = lisa_places(path, config)
    attention = "eager" if runtime.attention == "eager" else "sdpa"
    with READING:
        sam = shared.load(SamModel, places["sam"], faster_dtype(device, dtype), attention, device)
        vlm = load_vlm(path, config, dtype, runtime.attention)
        llava = merged_adapter(vlm.network, vlm.adapter)
    decoder = SegPromptDecoder(sam, llava.config.text_config.hidden_size)
    decoder = load_lisa_decoder(path / LISA_FILE, decoder).to(device, sam.dtype)
    llava = llava.to(device).eval()
    return LisaParts(config, sam, llava, vlm.tokenizer, decoder.eval(), vlm.pixels)


def load_lisa_decoder(file: Path, decoder: SegPromptDecoder) -> SegPromptDecoder:
    """Fill `decoder` from `file`, in its own number format; raises as `module_weights`."""
    decoder.load_state_dict(module_weights(file, decoder))
    return decoder


def save_lisa(parts: LisaParts, directory: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write a model directory, whole or not at all; LoRA is expected to be merged.

    Args:
        parts: the networks; they are not changed.
        directory: made or replaced.
        dtype: number format of the weights; None keeps theirs.
    """
    config = with_vlm_in(replace(parts.config, sam="sam", adapter=None))
    with written_whole(directory, CONFIG_FILE) as folder, quiet():
        text = yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        as_dtype(parts.sam, dtype).save_pretrained(folder / "sam")
        save_vlm(folder, config, parts.llava, parts.tokenizer, parts.pixels, dtype)
        save_weights(as_dtype(parts.decoder, dtype).state_dict(), folder / LISA_FILE)
