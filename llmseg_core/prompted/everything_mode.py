# SPDX-License-Identifier: Apache-2.0
"""Everything mode of any promptable segmenter: a grid of points, quality filters, box NMS.

The grid, the measures, the filters and the NMS are those of `SamProposalGenerator`; the network's
own forward pass decodes the points, so that SAM-HQ and SAM 2 propose, too. SAM itself is faster by
`SamProposalGenerator`, which draws no mask that a filter drops.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import check_image
from llmseg_core.proposals.box_nms import box_nms
from llmseg_core.proposals.enlarge import propose_within_limits
from llmseg_core.proposals.finite_check import FiniteCheck
from llmseg_core.proposals.mask_candidates import MaskCandidates
from llmseg_core.proposals.mask_measures import (
    draw_masks,
    low_resolution_stability,
    measure_masks,
)
from llmseg_core.proposals.mask_resize import LogitResize
from llmseg_core.proposals.small_regions import without_small_regions
from llmseg_core.proposals.views import point_grid
from llmseg_core.types import Proposals

from .masks import PromptedImage

__all__ = ["EverythingMode", "PointSegmenter"]

POINTS_AT_ONCE = 32
"""Points that are decoded together, if the configuration does not say."""
WHOLE_IMAGE = {
    "crop_n_layers": 0,
    "coarse_step": 1,
    "low_resolution_measures": False,
    "skip_padding": False,
    "refine": False,
}
"""Settings that are SAM's alone, and the values that they must have here."""


class PointSegmenter(Protocol):
    """A promptable segmenter that draws three masks of every point."""

    model: Any

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    def encode(self, image: np.ndarray) -> PromptedImage:
        """See `PromptedMasks`."""

    def draw_points(self, image: PromptedImage, points: Tensor) -> tuple[Tensor, Tensor]:
        """Three masks a point.

        Args:
            image: from `encode`.
            points: (n, 2) float32, x and y in network pixels.

        Returns:
            (n, 3, h, w) logits and (n, 3) predicted IoU.
        """

    def resize(self, low_size: tuple[int, int], image_size: tuple[int, int]) -> LogitResize:
        """Logits of (h, w) cells to an image of (H, W) pixels."""


class EverythingMode:
    """Proposals of a promptable segmenter.

    Args:
        segmenter: decodes points.
        config: grid, thresholds and limits; the whole image is looked at, no crop.

    Raises:
        ValueError: if the configuration asks for what only SAM's own generator does.
    """

    def __init__(self, segmenter: PointSegmenter, config: ProposalConfig) -> None:
        for name, value in WHOLE_IMAGE.items():
            if getattr(config, name) != value:
                raise ValueError(
                    f"proposals.{name} is {getattr(config, name)}, it must be {value} unless SAM "
                    f"itself proposes"
                )
        self.segmenter, self.config = segmenter, config

    @property
    def model(self) -> Any:
        """The network."""
        return self.segmenter.model

    @property
    def device(self) -> torch.device:
        """Where the segmenter runs."""
        return self.segmenter.device

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`; raises ValueError as `propose` does."""
        return propose_within_limits(self.propose, image, self.config)

    @torch.inference_mode()
    def propose(self, image: np.ndarray, largest: int | None = None) -> Proposals:
        """Masks of an image at its own size, whatever that is.

        Args:
            image: (H, W, 3) uint8 RGB.
            largest: how many of the largest masks to keep, largest first; None keeps all that
                pass, highest predicted IoU first.

        Raises:
            ValueError: if the image is not (H, W, 3) uint8 with at least one pixel, or the network
                gives numbers that are not finite.
        """
        check_image(image)
        config, check = self.config, FiniteCheck()
        encoded = self.segmenter.encode(image)
        size = encoded.image_size
        grid = point_grid(config.points_per_side, *size)
        batches = grid.split(config.points_per_batch or POINTS_AT_ONCE)
        found = MaskCandidates.cat([self._candidates(encoded, some, check) for some in batches])
        check.finish()
        if config.stability_score_thresh > 0:
            found = found[(found.stability >= config.stability_score_thresh).nonzero()[:, 0]]
        found = found[box_nms(found.boxes, found.iou, config.box_nms_thresh)]
        resize = self.segmenter.resize(_size(found.low), size)
        masks, least = None, config.min_mask_region_area
        if least > 0:
            masks = draw_masks(found.low, found.boxes, resize)
            threshold = max(config.box_nms_thresh, config.crop_nms_thresh)
            found, masks = without_small_regions(found, masks, least, threshold)
        if largest is not None:
            order = found.areas.argsort(descending=True, stable=True)[:largest]
            found, masks = found[order], None if masks is None else masks[order]
        if masks is None:
            masks = draw_masks(found.low, found.boxes, resize)
        return Proposals(masks, found.boxes, found.iou.float(), found.stability, found.points)

    def _candidates(
        self, encoded: PromptedImage, points: Tensor, check: FiniteCheck
    ) -> MaskCandidates:
        """The masks of some points, (n, 2) in pixels of the image, that pass the predicted IoU."""
        config, scale = self.config, torch.tensor(encoded.input_scale, dtype=torch.float64)
        prompts = (points * scale).float().to(self.device)
        low, iou = self.segmenter.draw_points(encoded, prompts)
        check.see("the predicted IoU", iou)
        threshold = config.pred_iou_thresh if config.pred_iou_thresh > 0 else -torch.inf
        point, mask = (iou > threshold).nonzero(as_tuple=True)
        low = low[point, mask].float()
        check.see("the mask logits", low)
        resize = self.segmenter.resize(_size(low), encoded.image_size)
        offset = config.stability_score_offset
        measures = measure_masks(low, resize, offset)
        stability = measures.stability
        if config.low_resolution_stability:
            stability = low_resolution_stability(low, resize, offset)
        shown = points.float().to(self.device)[point]
        return MaskCandidates(
            low, iou[point, mask], stability, measures.areas, measures.boxes, shown,
            torch.zeros_like(point),
        )  # fmt: skip


def _size(low: Tensor) -> tuple[int, int]:
    """(h, w) of logits (n, h, w)."""
    return int(low.shape[1]), int(low.shape[2])
