# SPDX-License-Identifier: Apache-2.0
"""What a model's image encoders see in images, without proposals, VLM and selector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import SamModel

from llmseg_core.config import RuntimeConfig
from llmseg_core.embeddings.dinov2 import DINOS, Dino, Dinov2Encoder
from llmseg_core.familiarity.layer_taps import LayerTaps, tapped_layers
from llmseg_core.images.image_files import read_image
from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side
from llmseg_core.model_dir.checkpoint import (
    load_config,
    load_encoder,
    load_sam,
)
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.proposals.sam_encoder import SamImageEncoder

from .degraded import DEGRADED, degraded

__all__ = ["ImageStatistics", "stacked", "statistics_of_files", "statistics_of_model"]


class ImageStatistics:
    """Statistics of one image, as `LayerTaps` gives them while the model encodes it.

    Args:
        sam: of the model.
        dinov2: of the model; None where another network describes the image.
        image_size: pixels a side of DINOv2's input.
    """

    def __init__(self, sam: SamModel, dinov2: Dino | None, image_size: int) -> None:
        self.sam, self.encoder = sam, SamImageEncoder(sam)
        self.dinov2 = None if dinov2 is None else Dinov2Encoder(dinov2, image_size)
        self.taps = LayerTaps(tapped_layers(sam, dinov2))

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> dict[str, Tensor]:
        """By layer (F,) float32 on the CPU, of (H, W, 3) uint8 RGB."""
        side = int(self.sam.config.vision_config.image_size)
        resized = resize_longest_side(check_image(image), side)
        pixels = normalize_and_pad(resized, side, self.sam.device)
        with self.taps.watching((image.shape[0], image.shape[1])) as seen:
            self.encoder(pixels[None].to(self.sam.dtype))
            if self.dinov2 is not None:
                self.dinov2.encode(image)
        return {name: value.cpu() for name, value in seen.items()}


def statistics_of_model(model: str | Path, runtime: RuntimeConfig | None = None) -> ImageStatistics:
    """Statistics by the networks of a model directory of LLM-Seg.

    Raises:
        FileNotFoundError, ValueError: as `load_sam`.
    """
    path = model_directory(model)
    encoder = load_encoder(path, runtime)
    dinov2 = encoder if isinstance(encoder, DINOS) else None
    size = load_config(path).image_encoder.image_size
    return ImageStatistics(load_sam(path, runtime), dinov2, size)


def statistics_of_files(
    look: ImageStatistics, files: Sequence[Path], ways: Iterable[str] = (), seed: int = 0
) -> dict[str, dict[str, Tensor]]:
    """Statistics of images and of degraded copies.

    Args:
        look: gives them.
        files: N images.
        ways: of `DEGRADED`; "clean" is always there.
        seed: of the copies.

    Returns:
        By way and layer (N, F) float32.
    """
    rows: dict[str, list[dict[str, Tensor]]] = {"clean": [], **{way: [] for way in ways}}
    for number, file in enumerate(tqdm(files, unit="image", disable=None)):
        image = read_image(file)
        for way, found in rows.items():
            rng = np.random.default_rng(
                (seed, number, list(DEGRADED).index(way) if way in DEGRADED else 0)
            )
            found.append(look(image if way == "clean" else degraded(image, way, rng)))
    return {way: stacked(found) for way, found in rows.items()}


def stacked(rows: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """By layer (N, F), of N images."""
    return {layer: torch.stack([row[layer] for row in rows]) for layer in rows[0]}
