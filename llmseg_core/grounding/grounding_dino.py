# SPDX-License-Identifier: Apache-2.0
"""GroundingDINO and MM-GroundingDINO: boxes of what a phrase names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import (
    GroundingDinoForObjectDetection,
    MMGroundingDinoForObjectDetection,
    PreTrainedTokenizerBase,
)

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    normalized,
    resized_image,
)
from llmseg_core.prompted.target import Target

from .locator import (
    LocatedImage,
    Remembered,
    check_threshold,
    plain_phrase,
    targets_of,
    with_part,
)

__all__ = ["GroundingDinoLocator"]


@dataclass(frozen=True)
class _Features:
    """What the image encoder gives.

    Attributes:
        known: its feature maps with masks, and their position codes.
        input_shape: (1, 3, rows, columns) of its input.
    """

    known: tuple[list[tuple[Tensor, Tensor]], list[Tensor]]
    input_shape: tuple[int, ...]


class GroundingDinoLocator:
    """Finds by a GroundingDINO of either kind; the image encoder runs once an image.

    Args:
        model: the detector, in float32: its boxes need that.
        tokenizer: BERT's, with which it was trained.
        score_threshold: least score of a box, [0, 1]; the default is that of Grounded-SAM's demo.
        shortest: pixels that the image's shorter side becomes.
        longest: pixels that its longer side may have then.

    Raises:
        ValueError: if the threshold is out of range.
    """

    def __init__(
        self,
        model: GroundingDinoForObjectDetection | MMGroundingDinoForObjectDetection,
        tokenizer: PreTrainedTokenizerBase,
        score_threshold: float = 0.3,
        shortest: int = 800,
        longest: int = 1333,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.score_threshold = check_threshold(score_threshold)
        self.shortest, self.longest = shortest, longest

    @property
    def device(self) -> torch.device:
        """Where the detector runs."""
        return self.model.device

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> LocatedImage:
        """See `PhraseLocator`."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        target = fitted_size(size, self.shortest, self.longest)
        resized = resized_image(image, target, Image.Resampling.BILINEAR)
        pixels = normalized(resized, IMAGENET_MEAN, IMAGENET_STD, self.device)
        pixels = pixels.to(self.model.dtype)
        known = self.model.model.backbone(pixels, _everywhere(pixels))
        return LocatedImage(_Features(known, tuple(pixels.shape)), size)

    @torch.inference_mode()
    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """See `PhraseLocator`."""
        words, features = plain_phrase(phrase), image.features
        if not words:
            return ()
        tokens = self.tokenizer(
            f"{words}.", truncation=True, max_length=self.model.config.max_text_len,
            return_tensors="pt",
        ).to(self.device)  # fmt: skip
        known = Remembered(features.known, self.model.model.backbone)
        # Only the shape of the pixels is asked for: what they show is known.
        pixels = features.known[0][0][0].new_zeros(1).expand(features.input_shape)
        output = with_part(self.model, ("model", "backbone"), known)(
            pixel_values=pixels,
            pixel_mask=_everywhere(pixels),
            input_ids=tokens["input_ids"],
            token_type_ids=tokens.get("token_type_ids"),
            attention_mask=tokens["attention_mask"],
        )
        scores = output.logits[0].float().sigmoid().amax(-1)
        kept = scores > self.score_threshold
        height, width = image.image_size
        return targets_of(
            output.pred_boxes[0][kept], scores[kept], (width, height), image.image_size, phrase
        )


def fitted_size(size: tuple[int, int], shortest: int, longest: int) -> tuple[int, int]:
    """(rows, columns) of an image whose shorter side becomes `shortest`, within `longest`.

    The rounding is that of DETR, as the detectors were trained with.
    """
    short, long = float(min(size)), float(max(size))
    exact: float = shortest
    if long / short * shortest > longest:
        exact = longest * short / long
    side = max(1, round(exact))
    if min(size) == side:
        return size
    other = max(1, int(exact * long / short))
    return (other, side) if size[1] < size[0] else (side, other)


def _everywhere(pixels: Tensor) -> Tensor:
    """(1, rows, columns) int64, 1 where the image is: everywhere, as there is no padding."""
    shape = (1, *pixels.shape[2:])
    return torch.ones(shape, dtype=torch.int64, device=pixels.device)
