# SPDX-License-Identifier: Apache-2.0
"""SAM 3: masks of everything that a phrase names, and how sure it is that anything is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from transformers import PreTrainedTokenizerBase, Sam3Model

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import normalized, resized_image
from llmseg_core.prompted.masks import DrawnMasks

from .locator import check_threshold

__all__ = ["ConceptImage", "FoundConcept", "Sam3Concepts", "sam3_pixels"]

HALF = (0.5, 0.5, 0.5)
"""Mean and standard deviation of red, green and blue that SAM 3 was trained with, [0, 1]."""


@dataclass(frozen=True)
class ConceptImage:
    """One image as SAM 3 has encoded it.

    Attributes:
        features: of its image encoder.
        image_size: (H, W) of the image in pixels.
    """

    features: Any
    image_size: tuple[int, int]


@dataclass(frozen=True)
class FoundConcept:
    """What a phrase names in an image.

    Attributes:
        drawn: one mask a thing, with its score (as `predicted_iou`) in [0, 1]: its own times the
            presence.
        presence: how sure SAM 3 is that anything in the image is named, [0, 1].
    """

    drawn: DrawnMasks
    presence: float


class Sam3Concepts:
    """Draws by SAM 3; the image encoder runs once an image.

    Args:
        model: the network; its device and dtype are used.
        tokenizer: CLIP's, with which it was trained.
        score_threshold: least score of a thing, [0, 1].

    Raises:
        ValueError: if the threshold is out of range.
    """

    def __init__(
        self, model: Sam3Model, tokenizer: PreTrainedTokenizerBase, score_threshold: float = 0.3
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.score_threshold = check_threshold(score_threshold)
        self.input_size = int(model.config.vision_config.image_size)
        self.room = int(model.config.text_config.max_position_embeddings)

    @property
    def device(self) -> torch.device:
        """Where SAM 3 runs."""
        return self.model.device

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> ConceptImage:
        """Encode an image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is no such array.
        """
        size = int(check_image(image).shape[0]), int(image.shape[1])
        pixels = sam3_pixels(image, self.input_size, self.device).to(self.model.dtype)
        return ConceptImage(self.model.get_vision_features(pixels), size)

    @torch.inference_mode()
    def find(self, image: ConceptImage, phrase: str) -> FoundConcept:
        """Draw everything that a phrase names.

        Args:
            image: from `look`; it is not changed.
            phrase: such as "red cup".

        Raises:
            ValueError: if the phrase is too long for SAM 3.
        """
        output = self.model(vision_embeds=image.features, **self.tokens(phrase))
        presence = output.presence_logits[0, 0].float().sigmoid()
        scores = output.pred_logits[0].float().sigmoid() * presence
        kept = (scores > self.score_threshold).nonzero()[:, 0]
        kept = kept[scores[kept].argsort(descending=True, stable=True)]
        masks = torch.zeros((len(kept), *image.image_size), dtype=torch.bool, device=self.device)
        # One after the other: of a large image all at once would take gigabytes.
        for place, index in enumerate(kept.tolist()):
            masks[place] = self._enlarged(output.pred_masks[0, index], image.image_size) > 0.5
        return FoundConcept(DrawnMasks(masks, scores[kept]), float(presence))

    def nothing(self, image: ConceptImage) -> DrawnMasks:
        """No mask at all, where there is no phrase to look for."""
        empty = torch.zeros((0, *image.image_size), dtype=torch.bool, device=self.device)
        return DrawnMasks(empty, torch.zeros(0, device=self.device))

    def tokens(self, phrase: str) -> dict[str, Tensor]:
        """A phrase for the text encoder, padded to its room; raises as `find`."""
        count = len(self.tokenizer(phrase)["input_ids"])
        if count > self.room:
            raise ValueError(
                f"the phrase {phrase[:40]!r}... takes {count} tokens, SAM 3 has room for "
                f"{self.room}"
            )
        made = self.tokenizer(
            phrase, padding="max_length", max_length=self.room, return_tensors="pt"
        ).to(self.device)
        return {"input_ids": made["input_ids"], "attention_mask": made["attention_mask"]}

    @staticmethod
    def _enlarged(low: Tensor, size: tuple[int, int]) -> Tensor:
        """(h, w) logits as probabilities at the size of the image, (H, W) float32."""
        return F.interpolate(low[None, None].float().sigmoid(), size, mode="bilinear")[0, 0]


def sam3_pixels(image: np.ndarray, side: int, device: torch.device | str = "cpu") -> Tensor:
    """An image for SAM 3: stretched to its square and normalised to [-1, 1].

    Args:
        image: (H, W, 3) uint8 RGB.
        side: pixels a side of the result.
        device: of the result.

    Returns:
        (1, 3, side, side) float32.
    """
    resized = resized_image(image, (side, side), Image.Resampling.BILINEAR)
    return normalized(resized, HALF, HALF, device)
