"""Proposals: everything that could be an object in an image, class-agnostic (paper section 3.2)."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import SamModel

from .config import ProposalConfig
from .image_ops import check_image, normalize_and_pad, resize_longest_side, resized_shape
from .sam_decoder import SamPointDecoder
from .types import Proposals, masks_to_boxes

__all__ = ["ProposalGenerator", "SamProposalGenerator", "point_grid"]


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
        (per_side ** 2, 2) float32, x and y in pixels of a (height, width) image.
    """
    place = (torch.arange(per_side, dtype=torch.float64) + 0.5) / per_side
    y, x = torch.meshgrid(place * height, place * width, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), 1).float()


class SamProposalGenerator:
    """SAM's everything mode: a grid of point prompts, quality filters, box NMS.

    The same masks as segment-anything's `SamAutomaticMaskGenerator` without crops, in another
    order of work: predicted IoU is read before any mask is drawn, masks are drawn at full
    resolution in one step and only if they passed, and no mask ever leaves the device.

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

    @property
    def device(self) -> torch.device:
        """Where SAM's weights are."""
        return self.model.device

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`; raises ValueError for an image that is not (H, W, 3) uint8."""
        check_image(image)
        height, width = image.shape[:2]
        if max(height, width) > self.config.max_image_side:
            small = resize_longest_side(image, self.config.max_image_side)
            proposals = self._everything(small).largest(self.config.max_proposals)
            return _enlarge(proposals, height, width)
        return self._everything(image).largest(self.config.max_proposals)

    def _everything(self, image: np.ndarray) -> Proposals:
        """All masks that pass, highest predicted IoU first, in pixels of `image`."""
        size = (int(image.shape[0]), int(image.shape[1]))
        points = point_grid(self.config.points_per_side, *size).to(self.device)
        embedding = self._embed(image)
        if self._position is None:
            self._position = self.decoder.dense_position()
        side = self.decoder.image_side(embedding, self._position)
        kept = [
            self._propose(side, batch, size) for batch in points.split(self.points_per_batch)
        ]
        logits_masks = torch.cat([masks for masks, *_ in kept])
        iou, stability, prompts = (
            torch.cat([part[i] for part in kept]) for i in (1, 2, 3)
        )
        if not len(iou):
            return Proposals.empty(size, self.device)
        boxes = masks_to_boxes(logits_masks)
        keep = box_nms(boxes, iou, self.config.box_nms_thresh)
        return Proposals(
            logits_masks[keep], boxes[keep], iou[keep].float(), stability[keep], prompts[keep]
        )

    @property
    def points_per_batch(self) -> int:
        """Prompts decoded at once: many on a GPU, few enough for the cache on a CPU."""
        if self.config.points_per_batch is not None:
            return self.config.points_per_batch
        return 16 if self.device.type == "cpu" else 256

    def _embed(self, image: np.ndarray) -> Tensor:
        """(C, h, w) image embedding."""
        resized = resize_longest_side(image, self.input_size)
        pixels = normalize_and_pad(resized, self.input_size, self.device)
        embedding: Tensor = self.model.vision_encoder(
            pixels[None].to(self.model.dtype)
        ).last_hidden_state[0]
        return embedding

    def _propose(
        self, side: object, points: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Masks (n, H, W) bool, predicted IoU, stability and prompt point of those that pass."""
        rows, columns = resized_shape(*size, self.input_size)
        scale = torch.tensor((columns / size[1], rows / size[0]), device=points.device)
        decoded = self.decoder.decode(side, points * scale)  # type: ignore[arg-type]
        prompt, mask = (decoded.iou > self.config.pred_iou_thresh).nonzero(as_tuple=True)
        iou = decoded.iou[prompt, mask]
        low = self.decoder.draw(decoded, prompt, mask)
        logits = upsample_logits(low, size, self.input_size)
        offset = self.config.stability_score_offset
        stability = stability_score(logits, offset)
        stable = stability >= self.config.stability_score_thresh
        return logits[stable] > 0, iou[stable], stability[stable], points[prompt[stable]]


def upsample_logits(low: Tensor, size: tuple[int, int], input_size: int) -> Tensor:
    """Low-resolution logits at the size of the image, as SAM's two resizes give them.

    Args:
        low: (n, 4 h, 4 w) float logits over SAM's padded square.
        size: (H, W) of the image in pixels.
        input_size: side of SAM's input in pixels.

    Returns:
        (n, H, W) float32 logits.
    """
    rows, columns = resized_shape(*size, input_size)
    full = F.interpolate(
        low[:, None].float(), (input_size, input_size), mode="bilinear", align_corners=False
    )[..., :rows, :columns]
    if (rows, columns) != size:
        full = F.interpolate(full, size, mode="bilinear", align_corners=False)
    return full[:, 0]


def stability_score(logits: Tensor, offset: float) -> Tensor:
    """IoU of the masks cut at +offset and -offset; (n,) float32, 1 is most stable.

    Args:
        logits: (n, H, W) float.
        offset: logits.
    """
    inner = (logits > offset).flatten(1).sum(1)
    outer = (logits > -offset).flatten(1).sum(1)
    return inner.float() / outer.float()


def box_nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Greedy non-maximum suppression; indices of the kept boxes, best first.

    Args:
        boxes: (n, 4) float, left, top, right, bottom.
        scores: (n,) float; ties go to the lower index.
        threshold: IoU above which the worse box goes.
    """
    order = scores.argsort(descending=True, stable=True)
    ranked = boxes[order]
    area = (ranked[:, 2] - ranked[:, 0]) * (ranked[:, 3] - ranked[:, 1])
    low = torch.maximum(ranked[:, None, :2], ranked[None, :, :2])
    high = torch.minimum(ranked[:, None, 2:], ranked[None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(2)
    iou = overlap / (area[:, None] + area[None] - overlap)
    above = (iou > threshold).triu(1).cpu().numpy()
    alive = np.ones(len(order), dtype=bool)
    for i in range(len(order)):
        if alive[i]:
            alive &= ~above[i]
    return order[torch.from_numpy(alive).to(order.device)]


def _enlarge(proposals: Proposals, height: int, width: int) -> Proposals:
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
