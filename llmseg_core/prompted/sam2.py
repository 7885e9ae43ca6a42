# SPDX-License-Identifier: Apache-2.0
"""SAM 2 with boxes and points as prompts, on single images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import Sam2Model

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import imagenet_pixels
from llmseg_core.proposals.mask_resize import LogitResize

from .masks import DrawnMasks, PromptedImage, draw_targets
from .sam import best_of
from .target import Target

__all__ = ["Sam2Masks"]


class Sam2Masks:
    """Draws by SAM 2 or SAM 2.1.

    Args:
        model: the network; its device and dtype are used.
        best_of_three: as `SamMasks`.
    """

    def __init__(self, model: Sam2Model, best_of_three: bool = True) -> None:
        self.model = model.eval()
        self.best_of_three = best_of_three
        self.input_size = int(model.config.prompt_encoder_config.image_size)

    @property
    def device(self) -> torch.device:
        """Where SAM 2 runs."""
        return self.model.device

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> PromptedImage:
        """See `PromptedMasks`; the image is stretched to the network's square, as SAM 2 does."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        side = self.input_size
        pixels = imagenet_pixels(image, (side, side), self.device)
        features = self.model.get_image_embeddings(pixels.to(self.model.dtype))
        return PromptedImage(tuple(features), size, (side / size[1], side / size[0]))

    @torch.inference_mode()
    def draw(self, image: PromptedImage, targets: Sequence[Target]) -> DrawnMasks:
        """See `PromptedMasks`."""

        def decode(boxes: Tensor | None, points: Tensor | None) -> tuple[Tensor, Tensor]:
            output = self.model(
                input_boxes=None if boxes is None else boxes[None],
                input_points=None if points is None else points[None],
                multimask_output=self.best_of_three,
                image_embeddings=list(image.features),
            )
            low, predicted = best_of(output)
            # One after the other: of a large image all logits at once would take gigabytes.
            return torch.stack(
                [self._enlarged(each, image.image_size) > 0 for each in low]
            ), predicted

        return draw_targets(image, targets, self.device, decode)

    @torch.inference_mode()
    def draw_points(self, image: PromptedImage, points: Tensor) -> tuple[Tensor, Tensor]:
        """See `PointSegmenter`."""
        output = self.model(
            input_points=points[None, :, None],
            multimask_output=True,
            image_embeddings=list(image.features),
        )
        return output.pred_masks[0], output.iou_scores[0]

    def resize(self, low_size: tuple[int, int], image_size: tuple[int, int]) -> LogitResize:
        """See `PointSegmenter`."""
        return LogitResize.stretched(low_size, image_size, self.device)

    @staticmethod
    def _enlarged(low: Tensor, size: tuple[int, int]) -> Tensor:
        """(h, w) logits at the size of the image, (H, W) float32."""
        return F.interpolate(low[None, None].float(), size, mode="bilinear")[0, 0]
