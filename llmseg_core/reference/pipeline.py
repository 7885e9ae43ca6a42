# SPDX-License-Identifier: Apache-2.0
"""The method as it was published, to compare ours with.

Masks of `SamAutomaticMaskGenerator`; DINOv2's features projected, enlarged to 256 x 256 and pooled
there under masks that were padded and resized to the same square; the whole VLM for every prompt,
with the hidden states of all layers and logits of all positions. Nothing is kept between
instructions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.config import SelectionConfig
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import normalized_boxes
from llmseg_core.images.image_ops import resize_longest_side
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.selector.selection import select, union_mask
from llmseg_core.types import Proposals, ProposalScores
from llmseg_core.vlm.seg_token import SegTokenEncoder

from .proposals import reference_generator

__all__ = ["ReferenceAnswer", "ReferencePipeline"]


@dataclass(frozen=True)
class ReferenceAnswer:
    """An answer of the reference.

    Attributes:
        mask: (H, W) bool.
        scores: (1, K) of the proposals, largest first.
        timings_ms: stages "proposals", "embeddings", "vlm", "selection".
    """

    mask: np.ndarray
    scores: ProposalScores
    timings_ms: dict[str, float]


class ReferencePipeline:
    """Answers one instruction about one image, everything from the start.

    Args:
        parts: the same weights as ours; the original SAM package gets a copy of SAM's.
        plain: see `reference_generator`.
    """

    def __init__(self, parts: ModelParts, plain: bool = False) -> None:
        self.config = parts.config
        self.generator = reference_generator(parts.sam, parts.config.proposals, plain)
        sizes = parts.config.image_encoder
        self.image_encoder = Dinov2Encoder(parts.dinov2, sizes.image_size, sizes.skip_padding)
        self.vlm = SegTokenEncoder(
            parts.llava, parts.tokenizer, parts.config.seg_token, parts.pixels
        )
        self.selector = parts.selector

    @torch.inference_mode()
    def segment(
        self, image: np.ndarray, instruction: str, selection: SelectionConfig
    ) -> ReferenceAnswer:
        """One instruction about an image (H, W, 3) uint8 RGB."""
        timer = StageTimer(self.vlm.llava.device)
        with timer.stage("proposals"):
            limits = self.config.proposals
            small = image
            if max(image.shape) > limits.max_image_side:
                small = resize_longest_side(image, limits.max_image_side)
            proposals = self.generator.propose(small).largest(limits.max_proposals)
        with timer.stage("embeddings"):
            embeddings = self._embeddings(image, proposals)
        with timer.stage("vlm"):
            hidden = self.vlm.encode_uncached(image, [instruction])
        with timer.stage("selection"):
            seg_embedding = self.selector.embed_instructions(hidden)
            iou_score, logits = self.selector.compare(embeddings[None], seg_embedding)
            quality = proposals.predicted_iou
            scores = ProposalScores(iou_score, logits.sigmoid(), quality).to("cpu")
            mask = union_mask(proposals.masks, select(scores, proposals.masks, selection))
            if mask.shape != image.shape[:2]:
                soft = F.interpolate(mask[None, None].float(), image.shape[:2], mode="bilinear")
                mask = soft[0, 0] > 0.5
        return ReferenceAnswer(mask.cpu().numpy(), scores, timer.timings_ms)

    def _embeddings(self, image: np.ndarray, proposals: Proposals) -> Tensor:
        """(K, D) mask embeddings, pooled on the large square."""
        side = self.config.image_encoder.pooling_size
        projection = self.selector.mask_projection
        weight, device = projection.weight, projection.weight.device
        features = self.image_encoder.encode(image)[None].to(weight.dtype)
        features = F.conv2d(features, weight[:, :, None, None], projection.bias)
        features = F.interpolate(features, (side, side), mode="bilinear")[0].flatten(1)
        weights = _squares(proposals.masks, side).to(device, weight.dtype)
        pooled = weights @ features.T / (weights.sum(1, keepdim=True) + 1e-8)
        if self.selector.box_encoding is None:
            return pooled
        boxes = normalized_boxes(proposals.boxes_px, proposals.image_size).to(device)
        return pooled + self.selector.box_encoding(boxes)


def _squares(masks: Tensor, side: int) -> Tensor:
    """Masks padded right and bottom to a square and resized: (K, H, W) to (K, side * side)."""
    height, width = masks.shape[1:]
    longest = max(height, width)
    square = F.pad(masks.float(), (0, longest - width, 0, longest - height))
    small = F.interpolate(square[None], (side, side), mode="bilinear", antialias=True)
    return small[0].flatten(1)
