# SPDX-License-Identifier: Apache-2.0
"""SAM and SAM-HQ with boxes and points as prompts; a refiner that SAM has sharpens the masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import SamHQModel, SamModel

from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side
from llmseg_core.proposals.mask_resize import LogitResize
from llmseg_core.proposals.refined_sam import RefinedSamModel
from llmseg_core.proposals.sam_encoder import CACHED_BYTES, SamImageEncoder, recorded_encoder

from .masks import DrawnMasks, PromptedImage, draw_targets
from .target import Target

__all__ = ["SamMasks", "best_of"]


class SamMasks:
    """Draws by SAM or SAM-HQ.

    Args:
        model: the network; its device and dtype are used.
        best_of_three: whether three masks are drawn of every target and the one with the highest
            predicted IoU is kept; else the network's single mask.
    """

    def __init__(self, model: SamModel | SamHQModel, best_of_three: bool = True) -> None:
        self.model = model.eval()
        self.best_of_three = best_of_three
        self.input_size = int(model.config.vision_config.image_size)
        self._refiner = model.refiner if isinstance(model, RefinedSamModel) else None
        self._encoder: SamImageEncoder | None = None
        self._encode: Callable[[Tensor], Tensor] | None = None
        if isinstance(model, SamModel):
            on_cpu = model.device.type == "cpu"
            self._encoder = SamImageEncoder(model, CACHED_BYTES if on_cpu else None)
            self._encode = self._encoder

    def record_on_gpu(self) -> None:
        """Let a GPU record the image encoder's pass, see `recorded_encoder`; SAM-HQ's never is."""
        if self._encoder is not None:
            self._encode = recorded_encoder(self._encoder)

    @property
    def device(self) -> torch.device:
        """Where SAM runs."""
        return self.model.device

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> PromptedImage:
        """See `PromptedMasks`."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        resized = resize_longest_side(image, self.input_size)
        batch = normalize_and_pad(resized, self.input_size, self.device)[None].to(self.model.dtype)
        if self._encode is None:
            embeddings, middle = self.model.get_image_embeddings(batch)
            features = {"image_embeddings": embeddings, "intermediate_embeddings": middle}
        else:
            features = {"image_embeddings": self._encode(batch)}
        down, across = (resized.shape[side] / size[side] for side in (0, 1))
        pixels = None
        if self._refiner is not None:
            side = self._refiner.sharpness * self.input_size
            pixels = normalize_and_pad(resize_longest_side(image, side), side, self.device)
        return PromptedImage(features, size, (across, down), pixels)

    @torch.inference_mode()
    def draw(self, image: PromptedImage, targets: Sequence[Target]) -> DrawnMasks:
        """See `PromptedMasks`."""

        def decode(boxes: Tensor | None, points: Tensor | None) -> tuple[Tensor, Tensor]:
            output = self.model(
                input_boxes=None if boxes is None else boxes[None],
                input_points=None if points is None else points[None],
                multimask_output=self.best_of_three,
                **image.features,
            )
            low, predicted = best_of(output)
            if self._refiner is not None and image.pixels is not None:
                cell = self.input_size / low.shape[1]
                low, predicted = self._refiner.finer(image.pixels, low, cell, predicted)
            low_size = int(low.shape[1]), int(low.shape[2])
            resize = self.resize(low_size, image.image_size)
            # One after the other: of a large image all logits at once would take gigabytes.
            return torch.stack([resize(each[None])[0] > 0 for each in low]), predicted

        return draw_targets(image, targets, self.device, decode)

    @torch.inference_mode()
    def draw_points(self, image: PromptedImage, points: Tensor) -> tuple[Tensor, Tensor]:
        """See `PointSegmenter`."""
        output = self.model(
            input_points=points[None, :, None], multimask_output=True, **image.features
        )
        return output.pred_masks[0], output.iou_scores[0]

    def resize(self, low_size: tuple[int, int], image_size: tuple[int, int]) -> LogitResize:
        """See `PointSegmenter`."""
        return LogitResize(low_size, image_size, self.input_size, self.device)


def best_of(output: Any) -> tuple[Tensor, Tensor]:
    """Of each target's masks the one with the highest predicted IoU.

    Args:
        output: of a SAM about one image: `pred_masks` (1, n, m, h, w), `iou_scores` (1, n, m).

    Returns:
        (n, h, w) logits and (n,) predicted IoU.
    """
    masks, scores = output.pred_masks[0], output.iou_scores[0]
    best = scores.argmax(1)
    row = torch.arange(len(best), device=best.device)
    return masks[row, best], scores[row, best]
