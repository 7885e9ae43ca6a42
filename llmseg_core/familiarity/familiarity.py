# SPDX-License-Identifier: Apache-2.0
"""How familiar an image is: a model's networks are watched, and compared with what they saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor
from transformers import SamModel

from llmseg_core.embeddings.dinov2 import Dino
from llmseg_core.types import Segmentation

from .layer_taps import LayerTaps, tapped_layers
from .seen_images import SeenImages

__all__ = ["UNFAMILIAR", "Familiarity", "unfamiliar_reason", "unfamiliar_warning"]

UNFAMILIAR = "unfamiliar image"
"""what the reason of such an answer begins with"""


class Familiarity:
    """Tells while an image is encoded how far it is from all that the model has seen.

    Args:
        seen: kept with the model.
        sam: of the model.
        dinov2: of the model, where it has one.
        image_size: pixels a side of DINOv2's input.

    Raises:
        ValueError: if `seen` is of layers that these networks do not have.
    """

    def __init__(
        self, seen: SeenImages, sam: SamModel, dinov2: Dino | None, image_size: int
    ) -> None:
        there = {layer.name: layer for layer in tapped_layers(sam, dinov2, image_size)}
        missing = [name for name in seen.layers if name not in there]
        if missing:
            raise ValueError(
                f"the seen images are known by {', '.join(missing)}, the model has "
                f"{', '.join(there)}"
            )
        self.seen = seen
        self._taps = LayerTaps([there[name] for name in seen.layers])

    @contextmanager
    def watching(self, image_size: tuple[int, int]) -> Iterator[dict[str, Tensor]]:
        """See `LayerTaps.watching`."""
        with self._taps.watching(image_size) as statistics:
            yield statistics

    def distance(self, statistics: Mapping[str, Tensor]) -> float | None:
        """How far the image is, above 1 unfamiliar; None if a network did not run.

        Where proposals were stored before, for instance, SAM does not.
        """
        if not all(name in statistics for name in self.seen.layers):
            return None
        return self.seen.distance(statistics)


def unfamiliar_reason(distance: float) -> str:
    """Why nothing is found in an image of this distance, and what can be done, for people."""
    return (
        f"{UNFAMILIAR}: it is unlike all that this model was trained on (distance {distance:.1f}, "
        f"familiar is up to 1). Use a model that knows such images (llmseg get --list names some), "
        f"fine-tune this one on them, or set accept_unfamiliar to be answered all the same"
    )


def unfamiliar_warning(answer: Segmentation) -> str:
    """What people must know of an answer about an unfamiliar image; "" of a familiar one."""
    if not answer.unfamiliar or answer.reason.startswith(UNFAMILIAR):
        return answer.reason if answer.unfamiliar else ""
    return (
        f"{UNFAMILIAR} (distance {answer.unfamiliarity:.1f}, familiar is up to 1): answered as "
        f"asked for, but this model was trained on nothing like it, and its confidence means "
        f"nothing here"
    )
