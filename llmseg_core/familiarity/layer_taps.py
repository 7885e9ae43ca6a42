# SPDX-License-Identifier: Apache-2.0
"""What the layers of the image encoders see, summed up while they work: no network runs again."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import Dinov2Model, Dinov2WithRegistersModel, SamModel

from llmseg_core.embeddings.dinov2 import Dino, cells_inside
from llmseg_core.images.image_ops import resized_shape

__all__ = ["LayerTaps", "channel_statistics", "tapped_layers"]

LEAST_DEVIATION = 1e-3
"""added before the logarithm, since flat images have none"""


@dataclass(frozen=True)
class TappedLayer:
    """One layer.

    Attributes:
        name: such as "sam.layers.0".
        module: what the layer's input or output passes through.
        of_input: whether the input is meant, else the output.
        patch: pixels a side of a cell.
        cells: cells along a side of the square that the network sees.
        channels_first: whether it is (B, C, h, w), else (B, h, w, C) or (B, tokens, C).
    """

    name: str
    module: nn.Module
    of_input: bool
    patch: int
    cells: int
    channels_first: bool = False


def tapped_layers(sam: SamModel, dino: Dino | None, image_size: int) -> list[TappedLayer]:
    """What is watched of SAM's image encoder, and of DINOv2 where that describes the image.

    `image_size` is DINOv2's, pixels a side of its input.

    What goes into SAM's last layer and out of its neck, and into DINOv2's layers at one and two
    thirds of its depth: of those that were tried these tell other images best from own ones.
    """
    vision, patch = sam.vision_encoder, int(sam.config.vision_config.patch_size)
    cells = int(sam.config.vision_config.image_size) // patch
    last = len(vision.layers) - 1
    found = [
        TappedLayer(f"sam.layers.{last}", vision.layers[last].layer_norm1, True, patch, cells),
        TappedLayer("sam.neck", vision.neck, False, patch, cells, channels_first=True),
    ]
    if isinstance(dino, Dinov2Model | Dinov2WithRegistersModel):
        layers, patch = dino.encoder.layer, int(dino.config.patch_size)
        cells = image_size // patch
        found += [
            TappedLayer(f"dinov2.layer.{number}", layers[number].norm1, True, patch, cells)
            for number in sorted({len(layers) // 3, 2 * len(layers) // 3})
        ]
    return found


class LayerTaps:
    """Mean, deviation and extremes of each channel of each tapped layer, of one image at a time.

    Nothing is computed outside of `watching`. Hooks know this object by a weak reference alone and
    go when it does; several may watch the same networks, in several threads.

    Args:
        layers: what is watched.
    """

    def __init__(self, layers: Sequence[TappedLayer]) -> None:
        self.layers = tuple(layers)
        self._watched = _Watched()
        handles = [self._hook(layer) for layer in self.layers]
        weakref.finalize(self, _remove, handles)

    @contextmanager
    def watching(self, image_size: tuple[int, int]) -> Iterator[dict[str, Tensor]]:
        """Watch one image pass; of several passes through a layer the first counts.

        Args:
            image_size: (H, W) of the image, whose cells alone count, not the padding's.

        Yields:
            Filled while the image passes: by the layer's name (4 C,) float32, see
            `channel_statistics`.
        """
        seen: dict[str, Tensor] = {}
        self._watched.now = seen, image_size
        try:
            yield seen
        finally:
            self._watched.now = None

    def _hook(self, layer: TappedLayer) -> RemovableHandle:
        own, module = weakref.ref(self), weakref.ref(layer.module)

        @torch.compiler.disable
        def look(passing: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            taps = own()
            if taps is None or taps._watched.now is None or passing is not module():
                return
            seen, image_size = taps._watched.now
            if layer.name not in seen:
                value = inputs[0] if layer.of_input else output
                seen[layer.name] = channel_statistics(
                    _cells_inside(value.detach(), layer, image_size)
                )

        return layer.module.register_forward_hook(look)


def channel_statistics(cells: Tensor) -> Tensor:
    """(4 C,) float32 of (h, w, C): what the cells of an image look like together.

    The mean of each channel; the logarithms of its deviation, and of the distances of its least and
    its greatest value from the mean. A single thing that is unlike all others moves the extremes,
    where the mean of many cells hides it.
    """
    flat = cells.flatten(0, 1).float()
    # Ten times as fast as std_mean and aminmax along the first dimension (torch 2.13, a CPU).
    mean, least, greatest = flat.mean(0), flat.amin(0), flat.amax(0)
    deviation = (flat - mean).square().mean(0).sqrt()
    spans = torch.stack((deviation, mean - least, greatest - mean)) + LEAST_DEVIATION
    return torch.cat((mean, spans.log().flatten()))


def _cells_inside(value: Tensor, layer: TappedLayer, image_size: tuple[int, int]) -> Tensor:
    """(h, w, C) of a layer's value, where the image is and not the padding."""
    if layer.channels_first:
        cells = value[0].permute(1, 2, 0)
    elif value.ndim == 3:
        grid = (layer.cells, layer.cells)
        if value.shape[1] < layer.cells**2:  # the padding is left out
            grid = cells_inside(*image_size, layer.cells)
        cells = value[0, value.shape[1] - grid[0] * grid[1] :].unflatten(0, grid)
    else:
        cells = value[0]
    rows, columns = resized_shape(*image_size, layer.cells * layer.patch)
    return cells[: max(1, rows // layer.patch), : max(1, columns // layer.patch)]


class _Watched(threading.local):
    """What this thread watches now: where it goes, and the size of the image."""

    now: tuple[dict[str, Tensor], tuple[int, int]] | None = None


def _remove(handles: Sequence[RemovableHandle]) -> None:
    for handle in handles:
        handle.remove()
