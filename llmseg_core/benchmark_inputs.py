"""What a benchmark runs on: frames and models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from transformers import SamModel

from .build import (
    build_embedded_dinov2,
    build_embedded_llava,
    build_embedded_sam,
    build_pipeline,
    build_selector,
    embedded_config,
)
from .checkpoint import EMBEDDED, load_parts
from .config import ProposalConfig, RuntimeConfig
from .image_files import find_images, read_image
from .parts import ModelParts
from .pipeline import LLMSegPipeline
from .proposals import SamProposalGenerator
from .runtime import torch_device, torch_dtype
from .tokenizer import build_tokenizer

__all__ = ["INSTRUCTIONS", "BenchmarkModel", "benchmark_frames", "embedded_model"]

INSTRUCTIONS = (
    "the red cup",
    "something to drink from",
    "what can I cut bread with?",
    "everything that I could eat",
    "the object left of the bottle",
)

RANDOM_SURVIVORS = 100
"""Masks that pass the filters where the weights are random, about as many as with trained ones."""


@dataclass(frozen=True)
class BenchmarkModel:
    """A pipeline to measure.

    Attributes:
        weights: "trained", or "random" in the same sizes.
        pipeline: the model.
        sam: its SAM.
        proposals: grid and thresholds.
    """

    weights: str
    pipeline: LLMSegPipeline
    sam: SamModel
    proposals: ProposalConfig


def benchmark_frames(
    size: tuple[int, int], folder: Path | None, count: int, seed: int = 0
) -> list[np.ndarray]:
    """Images (H, W, 3) uint8 RGB to run on, `count` of them at most.

    Args:
        size: width and height in pixels.
        folder: take its images, resized; None draws simple things on noise.
        count: at most so many.
        seed: of the drawing.
    """
    if folder is not None:
        images = (Image.fromarray(read_image(path)) for path in find_images([folder])[:count])
        return [np.array(image.resize(size)) for image in images]
    return [_drawing(size, np.random.default_rng((seed, index))) for index in range(count)]


def _drawing(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    width, height = size
    noise = random.integers(90, 130, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    draw = ImageDraw.Draw(image)
    for index in range(12):
        half = random.uniform(0.03, 0.15, 2) * min(size)
        left, top = random.uniform(0, 1, 2) * size - half
        box = (left, top, left + 2 * half[0], top + 2 * half[1])
        shape = draw.ellipse if index % 2 else draw.rectangle
        shape(box, fill=tuple(random.integers(0, 256, 3).tolist()))
    return np.array(image)


def embedded_model(runtime: RuntimeConfig, frame: np.ndarray) -> BenchmarkModel:
    """The packaged model, or where there is none random weights of the same sizes.

    Args:
        runtime: device and number format.
        frame: for random weights, the image on which thresholds let a natural number pass.
    """
    weights = "trained" if EMBEDDED.is_dir() else "random"
    parts = load_parts(EMBEDDED, runtime) if weights == "trained" else _random_parts(runtime, frame)
    return BenchmarkModel(weights, build_pipeline(parts), parts.sam, parts.config.proposals)


def _random_parts(runtime: RuntimeConfig, frame: np.ndarray) -> ModelParts:
    device, dtype = torch_device(runtime), torch_dtype(runtime)
    config = embedded_config()
    tokenizer = build_tokenizer(INSTRUCTIONS)
    sam = build_embedded_sam().to(device, dtype)
    with torch.no_grad():
        for network in sam.mask_decoder.output_hypernetworks_mlps:
            network.proj_out.weight *= 20  # logits of natural size
    return ModelParts(
        replace(config, proposals=_passing(sam, config.proposals, frame)),
        sam,
        build_embedded_dinov2().to(device, dtype),
        build_embedded_llava(tokenizer).to(device, dtype),
        tokenizer,
        build_selector(config.selector).to(device, dtype),
    )


def _passing(sam: SamModel, config: ProposalConfig, frame: np.ndarray) -> ProposalConfig:
    """Thresholds that about `RANDOM_SURVIVORS` masks of a frame pass."""
    open_config = replace(
        config, pred_iou_thresh=0.0, stability_score_thresh=0.0, box_nms_thresh=1.0
    )
    scores = SamProposalGenerator(sam, open_config).propose(frame).predicted_iou
    threshold = float(scores[min(RANDOM_SURVIVORS, len(scores) - 1)])
    return replace(open_config, pred_iou_thresh=threshold)
