"""Proposals: everything that could be an object in an image, class-agnostic (paper section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import SamModel

from .box_nms import box_nms
from .config import ProposalConfig
from .image_ops import check_image, normalize_and_pad, resize_longest_side, resized_shape
from .mask_measures import draw_masks, measure_masks
from .mask_resize import LogitResize
from .sam_decoder import ImageSide, SamPointDecoder
from .types import Proposals, masks_to_boxes

__all__ = ["ProposalGenerator", "SamProposalGenerator", "enlarge", "point_grid"]

TOKEN_MEMORY = {"cpu": 8 * 2**20, "cuda": 2**30}
"""Bytes of image tokens decoded at once: on a CPU about what its caches hold."""


class ProposalGenerator(Protocol):
    """Whatever proposes masks for an image: SAM live, or proposals stored before."""

    def __call__(self, image: np.ndarray) -> Proposals:
        """Propose masks for one image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            At most `max_proposals` proposals, largest first, in pixels of `image`.
        """


def point_grid(per_side: int, height: int, width: int) -> Tensor:
    """Centres of a regular grid of cells over the image, row by row.

    Returns:
        (per_side ** 2, 2) float64, x and y in pixels of a (height, width) image.
    """
    place = (torch.arange(per_side, dtype=torch.float64) + 0.5) / per_side
    y, x = torch.meshgrid(place * height, place * width, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), 1)


class SamProposalGenerator:
    """SAM's everything mode: a grid of point prompts, quality filters, box NMS.

    The same masks as segment-anything's `SamAutomaticMaskGenerator` without crops, in another
    order of work: predicted IoU is read before any mask is drawn; stability, area and box are
    measured without keeping a mask at full resolution; only the masks that are returned are drawn.

    Args:
        model: SAM; its device and dtype are used.
        config: grid, thresholds and limits.
    """

    def __init__(self, model: SamModel, config: ProposalConfig) -> None:
        self.model = model.eval()
        self.config = config
        self.decoder = SamPointDecoder(model)
        self.input_size = int(model.config.vision_config.image_size)
        self._position: Tensor | None = None
        self._resize: LogitResize | None = None

    @property
    def device(self) -> torch.device:
        """Where SAM's weights are."""
        return self.model.device

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`; raises ValueError for an image that is not (H, W, 3) uint8."""
        check_image(image)
        height, width = image.shape[:2]
        if max(height, width) <= self.config.max_image_side:
            return self.propose(image, self.config.max_proposals)
        small = resize_longest_side(image, self.config.max_image_side)
        return enlarge(self.propose(small, self.config.max_proposals), height, width)

    @torch.inference_mode()
    def propose(self, image: np.ndarray, largest: int | None = None) -> Proposals:
        """Masks of an image at its own size, whatever that is.

        Args:
            image: (H, W, 3) uint8 RGB.
            largest: how many of the largest masks to keep, largest first; None keeps all that
                pass, highest predicted IoU first, as `SamAutomaticMaskGenerator` does.
        """
        size = (int(image.shape[0]), int(image.shape[1]))
        if self._resize is None or self._resize.image_size != size:
            mask_size = self.decoder.mask_size
            self._resize = LogitResize(mask_size, size, self.input_size, self.device)
        side = self._image_side(image)
        batches = point_grid(self.config.points_per_side, *size).split(self.points_per_batch)
        resize = self._resize
        found = _Candidates.cat([self._candidates(side, points, resize) for points in batches])
        found = found[box_nms(found.boxes, found.iou, self.config.box_nms_thresh)]
        if largest is not None:
            found = found[found.areas.argsort(descending=True, stable=True)[:largest]]
        masks = draw_masks(found.low, found.boxes, resize)
        return Proposals(masks, found.boxes, found.iou.float(), found.stability, found.points)

    @property
    def points_per_batch(self) -> int:
        """Prompts decoded at once: many on a GPU, few enough for the cache on a CPU."""
        if self.config.points_per_batch is not None:
            return self.config.points_per_batch
        rows, columns = self.decoder.grid
        width = self.model.config.mask_decoder_config.hidden_size
        tokens = rows * columns * width * self.model.dtype.itemsize
        return max(1, TOKEN_MEMORY.get(self.device.type, TOKEN_MEMORY["cuda"]) // tokens)

    def _image_side(self, image: np.ndarray) -> ImageSide:
        resized = resize_longest_side(image, self.input_size)
        pixels = normalize_and_pad(resized, self.input_size, self.device)
        embedding = self.model.vision_encoder(pixels[None].to(self.model.dtype)).last_hidden_state
        if self._position is None:
            self._position = self.decoder.dense_position()
        return self.decoder.image_side(embedding[0], self._position)

    def _candidates(self, side: ImageSide, points: Tensor, resize: LogitResize) -> _Candidates:
        """What passes the filters among the masks of some points.

        As in the original, a threshold of 0 or below lets everything pass.
        """
        config, (height, width) = self.config, resize.image_size
        rows, columns = resized_shape(height, width, self.input_size)
        scale = torch.tensor((columns / width, rows / height), dtype=torch.float64)
        decoded = self.decoder.decode(side, (points * scale).to(self.device))
        threshold = config.pred_iou_thresh if config.pred_iou_thresh > 0 else -torch.inf
        prompt, mask = (decoded.iou > threshold).nonzero(as_tuple=True)
        low = self.decoder.draw(decoded, prompt, mask)
        measures = measure_masks(low, resize, config.stability_score_offset)
        found = _Candidates(
            low,
            decoded.iou[prompt, mask],
            measures.stability,
            measures.areas,
            measures.boxes,
            points.float().to(self.device)[prompt],
        )
        if config.stability_score_thresh <= 0:
            return found
        return found[found.stability >= config.stability_score_thresh]


@dataclass(frozen=True)
class _Candidates:
    """Masks that are not drawn yet."""

    low: Tensor  # (n, 4 h, 4 w) logits
    iou: Tensor  # (n,)
    stability: Tensor  # (n,)
    areas: Tensor  # (n,)
    boxes: Tensor  # (n, 4)
    points: Tensor  # (n, 2)

    def __getitem__(self, index: Tensor) -> _Candidates:
        return _Candidates(*(getattr(self, part.name)[index] for part in fields(self)))

    @classmethod
    def cat(cls, some: list[_Candidates]) -> _Candidates:
        return cls(*(torch.cat([getattr(one, part.name) for one in some]) for part in fields(cls)))


def enlarge(proposals: Proposals, height: int, width: int) -> Proposals:
    """Proposals of a shrunk image in pixels of the original (height, width) image."""
    if not len(proposals):
        return Proposals.empty((height, width), proposals.masks.device)
    old_height, old_width = proposals.image_size
    soft = F.interpolate(
        proposals.masks[:, None].float(), (height, width), mode="bilinear", align_corners=False
    )
    masks = soft[:, 0] > 0.5
    scale = torch.tensor((width / old_width, height / old_height), device=masks.device)
    return Proposals(
        masks,
        masks_to_boxes(masks),
        proposals.predicted_iou,
        proposals.stability,
        proposals.points * scale,
    )
