# SPDX-License-Identifier: Apache-2.0
"""Parts of methods other than LLM-Seg: which class a folder holds, read from its `config.json`.

Networks are read strictly and never downloaded, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from transformers import (
    Florence2ForConditionalGeneration,
    GroundingDinoForObjectDetection,
    LlavaConfig,
    MMGroundingDinoForObjectDetection,
    OmDetTurboForObjectDetection,
    Owlv2ForObjectDetection,
    PreTrainedModel,
    Sam3Model,
)

from llmseg_core.config import (
    ProposalConfig,
    RuntimeConfig,
    SegTokenConfig,
    SegTokenVlmConfig,
    VlmConfig,
)
from llmseg_core.grounding.chat import ChatVlm
from llmseg_core.grounding.conversation_chat import ConversationChat
from llmseg_core.grounding.florence2 import Florence2Locator
from llmseg_core.grounding.grounding_dino import GroundingDinoLocator
from llmseg_core.grounding.llava_chat import LlavaChat
from llmseg_core.grounding.locator import PhraseLocator
from llmseg_core.grounding.namer import InstructionNamer, PhraseNamer, VlmNamer
from llmseg_core.grounding.omdet_turbo import OmDetTurboLocator
from llmseg_core.grounding.owlv2 import Owlv2Locator
from llmseg_core.grounding.sam3 import Sam3Concepts
from llmseg_core.grounding.server_chat import ServerChat
from llmseg_core.prompted.everything_mode import EverythingMode
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.sam2 import Sam2Masks
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype
from llmseg_core.vlm.families import KINDS, conversation_of, network_class, vlm_pixels

from .network_files import (
    READING,
    SharedNetworks,
    image_settings,
    load_tokenizer,
    local_place,
    part_folder,
    part_kind,
)
from .proposers import SEGMENTERS, build_proposals, promptable

__all__ = [
    "load_chat",
    "load_concepts",
    "load_locator",
    "load_namer",
    "load_proposer",
    "load_segmenter",
    "part_places",
]

LOCATORS: dict[str, type[PreTrainedModel]] = {
    "grounding-dino": GroundingDinoForObjectDetection,
    "mm-grounding-dino": MMGroundingDinoForObjectDetection,
    "owlv2": Owlv2ForObjectDetection,
    "omdet-turbo": OmDetTurboForObjectDetection,
    "florence2": Florence2ForConditionalGeneration,
}
CONCEPTS = ("sam3", "sam3_video")
"""SAM 3 alone, and as its weights are published: what is for videos is left out"""


def load_segmenter(
    path: Path,
    name: str,
    best_of_three: bool,
    runtime: RuntimeConfig,
    shared: SharedNetworks,
) -> SamMasks | Sam2Masks:
    """The promptable segmenter of a folder, or of SAM's original file.

    Args:
        path: the model directory.
        name: the part's, see `part_folder`.
        best_of_three: see `SamMasks`.
        runtime: device, number format (a CPU without units for it takes float32) and attention.
        shared: networks in memory.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is another network, its files do not fit, or the device is not there.
    """
    place = part_folder(path, name)
    kind = "sam" if Path(place).is_file() else part_kind(place, SEGMENTERS, "sam")
    device = torch_device(runtime)
    dtype = faster_dtype(device, torch_dtype(runtime))
    attention = "eager" if runtime.attention == "eager" else "sdpa"
    with READING:
        network = shared.load(SEGMENTERS[kind], place, dtype, attention, device)
    return promptable(network, best_of_three)


def load_proposer(
    path: Path,
    name: str,
    config: ProposalConfig,
    runtime: RuntimeConfig,
    shared: SharedNetworks,
) -> SamProposalGenerator | EverythingMode:
    """What proposes masks: SAM, SAM-HQ or SAM 2; arguments and errors as `load_segmenter`'s.

    Raises:
        FileNotFoundError: as `load_segmenter`.
        ValueError: as `load_segmenter`, or if the configuration asks for what only SAM can do.
    """
    segmenter = load_segmenter(path, name, True, runtime, shared)
    return build_proposals(segmenter.model, config, runtime.memory_budget_mb, runtime.compile)


def load_concepts(
    path: Path, name: str, score_threshold: float, runtime: RuntimeConfig, shared: SharedNetworks
) -> Sam3Concepts:
    """SAM 3 of a folder; its arguments and errors are those of `load_segmenter`."""
    place = part_folder(path, name)
    part_kind(place, CONCEPTS, "sam")
    device = torch_device(runtime)
    dtype = faster_dtype(device, torch_dtype(runtime))
    attention = "eager" if runtime.attention == "eager" else "sdpa"
    with READING:
        network = shared.load(Sam3Model, place, dtype, attention, device)
        tokenizer = load_tokenizer(place)
    return Sam3Concepts(network, tokenizer, score_threshold)


def load_locator(
    path: Path, name: str, score_threshold: float, runtime: RuntimeConfig, shared: SharedNetworks
) -> PhraseLocator:
    """The locator of a folder; its arguments and errors are those of `load_segmenter`.

    DINOs and OmDet-Turbo run in float32, which their boxes need.
    """
    place = part_folder(path, name)
    kind = part_kind(place, LOCATORS, "locator")
    device = torch_device(runtime)
    dtype = torch.float32
    if kind in ("owlv2", "florence2"):
        dtype = faster_dtype(device, torch_dtype(runtime))
    with READING:
        network = shared.load(LOCATORS[kind], place, dtype, "eager", device)
        tokenizer = load_tokenizer(place)
    if kind == "owlv2":
        return Owlv2Locator(network, tokenizer, score_threshold)
    if kind == "omdet-turbo":
        return OmDetTurboLocator(network, tokenizer, score_threshold)
    size = image_settings(place).get("size") or {}
    if kind == "florence2":
        return Florence2Locator(network, tokenizer, int(size.get("height", 768)))
    shortest, longest = size.get("shortest_edge", 800), size.get("longest_edge", 1333)
    return GroundingDinoLocator(network, tokenizer, score_threshold, int(shortest), int(longest))


def load_chat(
    path: Path, config: VlmConfig, runtime: RuntimeConfig, shared: SharedNetworks
) -> ChatVlm:
    """The VLM that answers in words; its arguments and errors are those of `load_segmenter`.

    A server is not called yet.
    """
    if config.url is not None:
        return ServerChat(
            config.url, config.model, config.timeout_s, config.max_tokens, config.max_pixels,
            config.square,
        )  # fmt: skip
    assert config.path is not None
    place = part_folder(path, config.path)
    kind = part_kind(place, KINDS, "vlm")
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    settings = KINDS[kind].from_pretrained(local_place(place), local_files_only=True)
    with READING:
        network = shared.load(network_class(settings), place, dtype, runtime.attention, device)
        tokenizer = load_tokenizer(place)
    if isinstance(settings, LlavaConfig):
        return LlavaChat(network, tokenizer, config.max_tokens)
    limits = SegTokenVlmConfig(place, config.max_pixels, config.square)
    pixels = vlm_pixels(settings, SegTokenConfig(), image_settings(place), limits)
    conversation = conversation_of(settings, SegTokenConfig(), pixels)
    return ConversationChat(network, tokenizer, conversation, config.max_tokens)


def load_namer(
    path: Path,
    config: VlmConfig | None,
    request: str,
    runtime: RuntimeConfig,
    shared: SharedNetworks,
) -> PhraseNamer:
    """What turns an instruction into a phrase; its errors are those of `load_chat`.

    Args:
        path: the model directory.
        config: of the VLM that names; None takes the instruction itself as the phrase.
        request: what the VLM is asked.
        runtime: device, number format and attention.
        shared: networks in memory.
    """
    if config is None:
        return InstructionNamer()
    return VlmNamer(load_chat(path, config, runtime, shared), request)


def part_places(path: Path, names: Mapping[str, str | None]) -> dict[str, str]:
    """Where the parts of a model directory are, by the setting that names them.

    Args:
        path: the model directory.
        names: of the parts; those that are None are left out.

    Raises:
        FileNotFoundError: if one is missing.
    """
    return {key: part_folder(path, name) for key, name in names.items() if name is not None}
