# SPDX-License-Identifier: Apache-2.0
"""Models that a benchmark runs: trained weights where there are any, else random ones.

Random weights are made on the device in the number format that they will run in, and bent until
SAM's filters let as large a share of masks pass as they do with trained weights.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from transformers import (
    Dinov2Model,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerBase,
    SamModel,
)

from llmseg_core.config import LLMSegConfig, ProposalConfig, RuntimeConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.model_dir.directory import EMBEDDED
from llmseg_core.model_dir.networks import (
    build_dinov2_large,
    build_embedded_dinov2,
    build_embedded_llava,
    build_embedded_sam,
    build_llava_7b,
    build_sam_vit_b,
    build_sam_vit_h,
    build_selector,
    embedded_config,
    llava_7b_config,
    vit_b_config,
)
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.box_nms import box_nms
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype
from llmseg_core.vlm.tokenizer import build_tokenizer

__all__ = [
    "INSTRUCTIONS",
    "PROFILES",
    "BenchmarkModel",
    "benchmark_model",
    "made_on",
    "natural_filters",
]

INSTRUCTIONS = (
    "the red cup",
    "something to drink from",
    "what can I cut bread with?",
    "everything that I could eat",
    "the object left of the bottle",
)

PASSING = 0.45
"""Share of the masks whose predicted IoU is high enough, as seen with the embedded weights."""
STABLE = 0.9
"""Share of those that are stable enough."""
KEPT = 0.05
"""Share of all masks that are left after NMS."""
WORKING_MEMORY = 8 * 2**30
"""Bytes that the reference's full-resolution masks and activations take beside the weights."""


@dataclass(frozen=True)
class BenchmarkModel:
    """A model to measure.

    Attributes:
        weights: "trained", or "random" in the profile's sizes.
        parts: the networks.
        runtime: how the pipeline runs them.
    """

    weights: str
    parts: ModelParts
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    @cached_property
    def pipeline(self) -> LLMSegPipeline:
        """The parts put together."""
        return LLMSegPipeline.from_parts(self.parts, self.runtime)

    @property
    def proposals(self) -> ProposalConfig:
        """Grid and thresholds."""
        return self.parts.config.proposals


@dataclass(frozen=True)
class _Profile:
    """Sizes of all networks."""

    config: Callable[[], LLMSegConfig]
    sam: Callable[[], SamModel]
    dinov2: Callable[[], Dinov2Model]
    llava: Callable[[PreTrainedTokenizerBase], LlavaForConditionalGeneration]

    def networks(self) -> ModelParts:
        """Random weights, in the default number format on the default device."""
        config = self.config()
        conversation = config.seg_token
        words = (conversation.system, conversation.question, conversation.assistant)
        tokenizer = build_tokenizer([*INSTRUCTIONS, *words] * 4)  # a word then is a token
        return ModelParts(
            config,
            self.sam(),
            self.dinov2(),
            self.llava(tokenizer),
            tokenizer,
            build_selector(config.selector),
        )


PROFILES = {
    "embedded": _Profile(
        embedded_config, build_embedded_sam, build_embedded_dinov2, build_embedded_llava
    ),
    "vit-b": _Profile(vit_b_config, build_sam_vit_b, build_embedded_dinov2, build_embedded_llava),
    "paper": _Profile(llava_7b_config, build_sam_vit_h, build_dinov2_large, build_llava_7b),
}
"""Sizes by the name that the command line knows them by."""


def benchmark_model(profile: str, runtime: RuntimeConfig, frame: np.ndarray) -> BenchmarkModel:
    """The packaged model for "embedded", random weights for every other profile.

    Args:
        profile: one of `PROFILES`.
        runtime: device and number format.
        frame: for random weights, the image on which a natural share of masks shall pass.

    Raises:
        ValueError: if the device has too little memory for the profile.
    """
    if profile == "embedded" and EMBEDDED.is_dir():
        return BenchmarkModel("trained", load_parts(EMBEDDED, runtime), runtime)
    return BenchmarkModel("random", random_parts(profile, runtime, frame), runtime)


def random_parts(profile: str, runtime: RuntimeConfig, frame: np.ndarray) -> ModelParts:
    """Random weights in the sizes of a profile; arguments and errors as in `benchmark_model`."""
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    _require_memory(profile, device, dtype)
    with made_on(device, dtype):
        parts = PROFILES[profile].networks()
    for network in (parts.sam, parts.dinov2):
        if network is not None:
            network.to(faster_dtype(device, dtype))  # as when a model is loaded
    config = parts.config
    proposals = natural_filters(parts.sam, config.proposals, frame)
    return replace(parts, config=replace(config, proposals=proposals))


@contextmanager
def made_on(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """What is made within is made there, without a copy elsewhere."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(before)


# ------------------------------------------------------------------ memory


def needed_memory(profile: str, dtype: torch.dtype) -> int:
    """Bytes that a profile takes with the reference beside ours, which has a SAM of its own."""
    with torch.device("meta"):
        parts = PROFILES[profile].networks()
    networks = (parts.sam, parts.sam, parts.dinov2, parts.llava, parts.selector)
    weights = sum(
        parameter.numel()
        for network in networks
        if network is not None
        for parameter in network.parameters()
    )
    return weights * dtype.itemsize + WORKING_MEMORY


def free_memory(device: torch.device) -> int:
    """Bytes that a device has to give: of the GPU, else of the machine."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":") for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 2**10
    except (OSError, KeyError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _require_memory(profile: str, device: torch.device, dtype: torch.dtype) -> None:
    if profile != "paper":  # the others fit anywhere
        return
    needed, free = needed_memory(profile, dtype), free_memory(device)
    if free < needed:
        kind = "GPU memory" if device.type == "cuda" else "RAM"
        raise ValueError(
            f"the paper profile in {str(dtype).removeprefix('torch.')} needs {needed / 2**30:.0f} "
            f"GiB of {kind} (SAM ViT-H twice, DINOv2 ViT-L, LLaVA-7B, "
            f"{WORKING_MEMORY / 2**30:.0f} GiB to work in), {device} has {free / 2**30:.0f} GiB "
            f"free; a GPU of 40 GB runs it with --device cuda --dtype bfloat16"
        )


# ------------------------------------------------------------------ natural filters


@torch.no_grad()
def natural_filters(sam: SamModel, config: ProposalConfig, frame: np.ndarray) -> ProposalConfig:
    """Make random weights and thresholds let as many masks pass as trained ones do.

    The weights are changed: logits get a natural size, predicted IoUs move to where the share
    `PASSING` is above the threshold of `config`. Stability and NMS get thresholds that keep the
    shares `STABLE` and `KEPT`.
    """
    for network in sam.mask_decoder.output_hypernetworks_mlps:
        network.proj_out.weight *= 20
    coarse = replace(
        config,
        points_per_side=min(16, config.points_per_side),
        pred_iou_thresh=0.0,
        stability_score_thresh=0.0,
        box_nms_thresh=1.0,
    )
    masks = SamProposalGenerator(sam, coarse).propose(frame).to("cpu")  # highest IoU first
    passing = masks[: round(PASSING * len(masks))]
    worst = float(passing.predicted_iou[-1])
    sam.mask_decoder.iou_prediction_head.proj_out.bias += config.pred_iou_thresh - worst
    stability = float(passing.stability.nan_to_num().quantile(1 - STABLE))
    passing = passing[passing.stability >= stability]
    low, high = 0.0, 1.0  # masks of random weights have much the same boxes
    for _ in range(12):
        overlap = (low + high) / 2
        kept = len(box_nms(passing.boxes_px, passing.predicted_iou, overlap))
        low, high = (overlap, high) if kept < KEPT * len(masks) else (low, overlap)
    return replace(config, stability_score_thresh=stability, box_nms_thresh=high)
