# SPDX-License-Identifier: Apache-2.0
"""The network of a VLM: takes in an image, and reads on from there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import DynamicCache

from llmseg_core.runtime.sending import sent
from llmseg_core.types import ImagePrefix

from .kv_cache import cache_argument, grown_from, prefix_of
from .vlm_image import VlmImage

__all__ = ["ImageFeatures", "ImageVlm", "device_of"]

ImageFeatures = Sequence[Sequence[Tensor]]
"""For each image (tokens, width): what stands in the place of its tokens, and after it, for VLMs
that have it, what the first layers of the language model add there."""


def device_of(model: Any) -> torch.device:
    """Where a VLM is; transformers' own way looks through its modules, a tenth of a millisecond."""
    device: torch.device = model.get_input_embeddings().weight.device
    return device


class ImageVlm(ABC):
    """A family's own way from pixels and tokens to hidden states.

    Args:
        model: of transformers; its device and dtype are used.
    """

    language_name: ClassVar[str] = "language_model"
    """what the family calls its language model"""

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def language_model(self) -> Any:
        """The language model, without its head."""
        return getattr(self.model.model, self.language_name)

    @property
    def image_token_id(self) -> int:
        """What stands for a part of an image."""
        return int(self.model.config.image_token_id)

    @abstractmethod
    def image_inputs(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """Arguments of the whole network about B images.

        Args:
            pixels: their parts, one image after the other, see `VlmImage`.
            grids: B pairs.
        """

    @abstractmethod
    def image_features(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> ImageFeatures:
        """B images through the vision part; arguments are those of `image_inputs`."""

    def position_ids(self, ids: Sequence[int], grid: tuple[int, int]) -> list[list[int]] | None:
        """Where each token of a prompt stands, an axis a list; None means one after the other."""
        return None

    def read(self, ids: Tensor, cache: DynamicCache, position: int) -> Tensor:
        """(R, T, width) hidden states of T more tokens of text in each of R rows.

        Args:
            ids: (R, T) int64.
            cache: what came before; it grows.
            position: of the first of them, in the language model's own count.
        """
        network = self.language_model
        output = network(
            input_ids=ids,
            use_cache=True,
            **self._reading(ids, position),
            **{cache_argument(network): cache},
        )
        hidden: Tensor = output.last_hidden_state
        return hidden

    def read_on(self, ids: Tensor, prefix: ImagePrefix) -> Tensor:
        """The same after a prompt's beginning, which stays as it is."""
        position = prefix.length if prefix.next_position is None else prefix.next_position
        return self.read(ids, grown_from(prefix, len(ids)), position)

    @torch.inference_mode()
    def take_in(self, ids: Sequence[int], image: VlmImage) -> ImagePrefix:
        """Keys and values of a prompt up to and with an image.

        Args:
            ids: the prompt's.
            image: that the prompt is about.
        """
        cache = DynamicCache()
        places = self.position_ids(ids, image.grid)
        positions = {} if places is None else {"position_ids": self._tensor(places)[:, None]}
        self.model.model(
            input_ids=self._tensor([list(ids)]),
            use_cache=True,
            **self.image_inputs(image.pixels, [image.grid]),
            **positions,
            **{cache_argument(self.model.model): cache},
        )
        after = None if places is None else 1 + max(map(max, places))
        return prefix_of(cache, after)

    def states(
        self,
        input_ids: Tensor,
        position_ids: Tensor | None,
        pixels: Tensor,
        grids: Sequence[tuple[int, int]],
        image_index: Sequence[int],
    ) -> Tensor:
        """(R, T, width) hidden states of whole prompts; each image is looked at once.

        Args:
            input_ids: (R, T) int64.
            position_ids: (axes, R, T) int64, or None, see `position_ids`.
            pixels: of B images, see `image_inputs`.
            grids: of B images.
            image_index: R numbers, the image that each prompt is about.
        """
        features = self.image_features(pixels, grids)
        first, *deeper = [torch.cat([layer[row] for row in image_index]) for layer in features]
        place = input_ids == self.image_token_id
        embeds = self.model.get_input_embeddings()(input_ids)
        embeds = embeds.masked_scatter(place[..., None], first.to(embeds.dtype))
        positions = {} if position_ids is None else {"position_ids": position_ids}
        hidden: Tensor = self.language_model(
            inputs_embeds=embeds, use_cache=False, **positions, **self._deeper(place, deeper)
        ).last_hidden_state
        return hidden

    @torch.inference_mode()
    def whole(self, input_ids: Tensor, image: VlmImage) -> Tensor:
        """(R, T, width) hidden states of whole prompts about one image, by transformers alone.

        Args:
            input_ids: (R, T) int64.
            image: that all of them are about.
        """
        rows = len(input_ids)
        pixels = image.pixels.repeat(rows, *[1] * (image.pixels.ndim - 1))
        inputs = self.image_inputs(pixels, [image.grid] * rows)
        hidden: Tensor = self.model.model(
            input_ids=input_ids, use_cache=False, **inputs, **self._kinds(input_ids)
        ).last_hidden_state
        return hidden

    def _kinds(self, input_ids: Tensor) -> Mapping[str, Tensor]:
        """More arguments of the whole network, see `whole`."""
        return {}

    def _reading(self, ids: Tensor, position: int) -> Mapping[str, Tensor]:
        """More arguments of the language model, see `read`."""
        return {}

    def _deeper(self, place: Tensor, features: Sequence[Tensor]) -> Mapping[str, Any]:
        """Arguments of the language model about what its first layers add at (R, T) bool."""
        return {}

    def _tensor(self, values: Sequence[Any]) -> Tensor:
        return sent(torch.tensor(values, dtype=torch.int64), device_of(self.model))
