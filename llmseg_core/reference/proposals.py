# SPDX-License-Identifier: Apache-2.0
"""Everything mode as it was published, to compare ours with: the same masks, step by step.

`segment_anything.SamAutomaticMaskGenerator` where that package is installed; else
the same algorithm, plainly written with transformers' SAM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side, resized_shape
from llmseg_core.masks import masks_to_boxes
from llmseg_core.model_dir.original.sam import sam_to_original
from llmseg_core.proposals.box_nms import box_nms
from llmseg_core.proposals.generator import point_grid
from llmseg_core.types import Proposals

from .original_proposals import BATCH, OriginalSamProposalGenerator, original_sam, segment_anything

__all__ = ["PlainProposalGenerator", "ReferenceGenerator", "reference_generator"]


@dataclass(frozen=True)
class ReferenceGenerator:
    """Everything mode as published.

    Attributes:
        name: of the implementation.
        propose: all masks of an image that pass, highest predicted IoU first.
        image_encoder: the part that runs once an image.
    """

    name: str
    propose: Callable[[np.ndarray], Proposals]
    image_encoder: nn.Module


def reference_generator(
    model: SamModel, config: ProposalConfig, plain: bool = False
) -> ReferenceGenerator:
    """The best reference at hand.

    Args:
        model: its weights are used, on its device.
        config: grid and thresholds; images are never shrunk, and all masks are kept.
        plain: takes the plain one in any case: without run lengths, which the package makes of
            every mask and which last minutes where random weights in large sizes draw noise.
    """
    try:
        if plain:
            raise ImportError("the package is not wanted")
        segment_anything()
    except ImportError:
        generator = PlainProposalGenerator(model, config)
        return ReferenceGenerator("plain transformers", generator, model.vision_encoder)
    sam = original_sam(model.config, sam_to_original(model)).to(model.device)
    original = OriginalSamProposalGenerator(sam, replace(config, points_per_batch=BATCH))
    name = f"segment_anything {version('segment_anything')}"
    return ReferenceGenerator(name, original.propose, sam.get_submodule("image_encoder"))


class PlainProposalGenerator:
    """The published order of work: every mask at full resolution, then the filters, then NMS.

    Raises:
        ValueError: if crops are asked for; the package has them, this does not.
    """

    def __init__(self, model: SamModel, config: ProposalConfig) -> None:
        if config.crop_n_layers:
            raise ValueError(
                f"crop_n_layers is {config.crop_n_layers}, it must be 0 for the plain reference; "
                f"install segment-anything for crops"
            )
        self.model = model
        self.config = config

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> Proposals:
        """All masks that pass, highest predicted IoU first."""
        size = (int(image.shape[0]), int(image.shape[1]))
        side = int(self.model.config.vision_config.image_size)
        inner = resized_shape(*size, side)
        pixels = normalize_and_pad(resize_longest_side(image, side), side, self.model.device)
        embedding = self.model.get_image_embeddings(pixels[None].to(self.model.dtype))
        scale = torch.tensor((inner[1] / size[1], inner[0] / size[0]), dtype=torch.float64)
        parts = []
        for points in point_grid(self.config.points_per_side, *size).split(BATCH):
            output = self.model(
                image_embeddings=embedding,
                input_points=(points * scale).to(self.model.device)[None, :, None],
                input_labels=torch.ones((1, len(points), 1), device=self.model.device),
                multimask_output=True,
            )
            low, iou = output.pred_masks[0].float(), output.iou_scores[0].flatten().float()
            square = F.interpolate(low, (side, side), mode="bilinear", align_corners=False)
            cut = square[..., : inner[0], : inner[1]]
            logits = F.interpolate(cut, size, mode="bilinear", align_corners=False).flatten(0, 1)
            parts.append(self._filter(logits, iou, points.float().to(iou.device)))
        masks, boxes, iou, stability, points = (
            torch.cat(column) for column in zip(*parts, strict=True)
        )
        found = Proposals(masks, boxes, iou, stability, points)
        return found[box_nms(found.boxes_px, found.predicted_iou, self.config.box_nms_thresh)]

    def _filter(self, logits: Tensor, iou: Tensor, points: Tensor) -> tuple[Tensor, ...]:
        config = self.config
        points = points.repeat_interleave(3, 0)
        if config.pred_iou_thresh > 0:
            passed = iou > config.pred_iou_thresh
            logits, iou, points = logits[passed], iou[passed], points[passed]
        offset = config.stability_score_offset
        inner, outer = ((logits > level).flatten(1).sum(1) for level in (offset, -offset))
        stability = inner / outer
        if config.stability_score_thresh > 0:
            stable = stability >= config.stability_score_thresh
            logits, iou, points = logits[stable], iou[stable], points[stable]
            stability = stability[stable]
        masks = logits > 0
        return masks, masks_to_boxes(masks), iou, stability, points
