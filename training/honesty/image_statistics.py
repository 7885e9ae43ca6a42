# SPDX-License-Identifier: Apache-2.0
"""What a model's image encoders see in images, without proposals, VLM and selector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm
from transformers import SamModel

from llmseg_core.config import LLMSegConfig, RuntimeConfig
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
from llmseg_core.proposals.sam_encoder import SamImageEncoder, without_padding
from llmseg_core.runtime.whole_file import whole_file

from .degraded import DEGRADED, degraded

__all__ = [
    "ImageStatistics",
    "sam_of_directory",
    "stacked",
    "statistics_in_parts",
    "statistics_of_files",
    "statistics_of_model",
]

PART = 50
"""numbers of images whose statistics are kept together"""


class ImageStatistics:
    """Statistics of one image, as `LayerTaps` gives them while the model encodes it.

    Args:
        sam: of the model.
        dinov2: of the model; None where another network describes the image.
        config: of the model, which says what either sees of an image.
    """

    def __init__(self, sam: SamModel, dinov2: Dino | None, config: LLMSegConfig) -> None:
        self.sam, self.encoder = sam, SamImageEncoder(sam)
        self.skip_padding = config.proposals.skip_padding
        size, skips = config.image_encoder.image_size, config.image_encoder.skip_padding
        self.dinov2 = None if dinov2 is None else Dinov2Encoder(dinov2, size, skips)
        self.taps = LayerTaps(tapped_layers(sam, dinov2, size))

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> dict[str, Tensor]:
        """By layer (F,) float32 on the CPU, of (H, W, 3) uint8 RGB."""
        side = int(self.sam.config.vision_config.image_size)
        resized = resize_longest_side(check_image(image), side)
        pixels = normalize_and_pad(resized, side, self.sam.device)
        if self.skip_padding:
            rows, columns = resized.shape[:2]
            pixels = without_padding(pixels, rows, columns, self.sam.config.vision_config)
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
    return ImageStatistics(sam_of_directory(path, runtime), dinov2, load_config(path))


def sam_of_directory(model: str | Path, runtime: RuntimeConfig | None = None) -> SamModel:
    """The SAM of a model directory, whose layers are looked at.

    Raises:
        FileNotFoundError: as `load_sam`.
        ValueError: as `load_sam`, or if it is another class than SAM.
    """
    sam = load_sam(model, runtime)
    if not isinstance(sam, SamModel):
        raise ValueError(
            f"{model} has a {type(sam).__name__}, and familiar images are told by the layers of a "
            f"SamModel"
        )
    return sam


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


def statistics_in_parts(
    look: ImageStatistics,
    count: int,
    images: Callable[[int], Sequence[np.ndarray]],
    keep: Path | None = None,
) -> dict[str, Tensor]:
    """Statistics of many images, part by part.

    Args:
        look: gives them.
        count: times that `images` is asked.
        images: of each number, (H, W, 3) uint8 RGB; as many of every number.
        keep: folder for parts that are done, which are not done again; None keeps nothing.

    Returns:
        By layer (N, F) float32, in the order of the images.
    """
    parts: list[dict[str, Tensor]] = []
    with tqdm(total=count, unit="image", disable=None) as shown:
        for first in range(0, count, PART):
            last = min(first + PART, count)
            file = None if keep is None else keep / f"{first:06d}-{last:06d}.safetensors"
            if file is not None and file.is_file():
                parts.append(load_file(file))
                shown.update(last - first)
                continue
            rows = []
            for number in range(first, last):
                rows += [look(image) for image in images(number)]
                shown.update()
            parts.append(stacked(rows))
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                with whole_file(file) as temporary:
                    save_file(parts[-1], temporary)
    return {layer: torch.cat([part[layer] for part in parts]) for layer in parts[0]}


def stacked(rows: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """By layer (N, F), of N images."""
    return {layer: torch.stack([row[layer] for row in rows]) for layer in rows[0]}
