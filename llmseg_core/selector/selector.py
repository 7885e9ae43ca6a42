# SPDX-License-Identifier: Apache-2.0
"""The mask selector: all weights that the method trains besides the VLM (paper section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from llmseg_core.config import SelectorConfig
from llmseg_core.types import ProposalEmbeddings, ProposalScores, SegEmbedding

from .box_encoding import BoxEncoding
from .fusion import FusionModule
from .heads import IoPHead, IoUHead

__all__ = ["MaskSelector"]


class MaskSelector(nn.Module):
    """Scores every proposal for every instruction; what to take is decided elsewhere.

    Args:
        config: sizes.
    """

    def __init__(self, config: SelectorConfig) -> None:
        super().__init__()
        self.config = config
        self.seg_projection = nn.Sequential(
            nn.Linear(config.hidden_dim, config.hidden_dim),
            nn.ReLU(),
            nn.Linear(config.hidden_dim, config.width),
        )
        # The released code's 1 x 1 convolution; it is linear, so it may follow the pooling.
        self.mask_projection = nn.Linear(config.feature_dim, config.width)
        self.box_encoding = BoxEncoding(config.width) if config.box_encoding else None
        self.fusion = (
            FusionModule(
                config.width,
                config.num_blocks,
                config.num_heads,
                config.mlp_dim,
                config.attention_downsample,
            )
            if config.use_fusion
            else None
        )
        self.iou_head = IoUHead(config.width, config.embedding_hidden_dim)
        self.iop_head = IoPHead(config.width, config.iop_hidden_dim)

    def embed_instructions(self, hidden: Tensor) -> Tensor:
        """(N, hidden) states of the VLM to (N, D) seg embeddings."""
        return self.seg_projection(hidden.to(self.mask_projection.weight.dtype))

    def embed_masks(self, features: Tensor, boxes: Tensor) -> Tensor:
        """(N, K, C) pooled features and (N, K, 4) boxes to (N, K, D) mask embeddings."""
        masks = self.mask_projection(features.to(self.mask_projection.weight.dtype))
        return masks if self.box_encoding is None else masks + self.box_encoding(boxes)

    def compare(
        self, masks: Tensor, seg_embedding: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Fusion and heads on embeddings.

        Args:
            masks: (N, K, D) from `embed_masks`.
            seg_embedding: (N, D) from `embed_instructions`.
            valid: (N, K) bool, False where a proposal is padding; None if there is none.

        Returns:
            iou_score (N, K) in [-1, 1], and logits (N, K) whose sigmoid is the IoP, both float32.
        """
        return self._finish(self._begin(masks, valid), seg_embedding, valid)

    def forward(
        self, features: Tensor, boxes: Tensor, hidden: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Score K proposals for each of N instructions.

        Args:
            features: (N, K, C) pooled features; K may be 0.
            boxes: (N, K, 4) centre x, centre y, width, height as fractions of the image.
            hidden: (N, hidden) states of the VLM before the seg token.
            valid: (N, K) bool, False where a proposal is padding; None if there is none.

        Returns:
            iou_score (N, K) float32 in [-1, 1], and iop (N, K) float32 in [0, 1].
        """
        seg_embedding = self.embed_instructions(hidden)
        iou_score, logits = self.compare(self.embed_masks(features, boxes), seg_embedding, valid)
        return iou_score, logits.sigmoid()

    def score_questions(
        self, features: Tensor, boxes: Tensor, valid: Tensor, hidden: Tensor, image_index: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score the proposals of B images for R instructions, each about one of them.

        What no instruction changes is computed once an image.

        Args:
            features: (B, K, C) pooled features; K may be 0.
            boxes: (B, K, 4) centre x, centre y, width, height as fractions of the image.
            valid: (B, K) bool, False where a proposal is padding.
            hidden: (R, hidden) states of the VLM before the seg token.
            image_index: (R,) int64, the image that each instruction is about.

        Returns:
            iou_score (R, K) float32 in [-1, 1], and iop (R, K) float32 in [0, 1].
        """
        masks = self._begin(self.embed_masks(features, boxes), valid)[image_index]
        seg_embedding = self.embed_instructions(hidden)
        iou_score, logits = self._finish(masks, seg_embedding, valid[image_index])
        return iou_score, logits.sigmoid()

    @torch.inference_mode()
    def embed_proposals(self, embeddings: ProposalEmbeddings) -> Tensor:
        """Everything that no instruction changes: K proposals to (K, D), for `score`."""
        masks = self.embed_masks(embeddings.features[None], embeddings.boxes_rel[None])
        return self._begin(masks)[0]

    @torch.inference_mode()
    def score(self, mask_embeddings: Tensor, hidden: Tensor) -> ProposalScores:
        """Score the proposals of one image for R instructions.

        Args:
            mask_embeddings: (K, D) from `embed_proposals`; K may be 0.
            hidden: (R, hidden) states of the VLM before the seg token.
        """
        seg_embedding = SegEmbedding(self.embed_instructions(hidden))
        masks = mask_embeddings.expand(len(seg_embedding), -1, -1)
        iou_score, logits = self._finish(masks, seg_embedding.vectors)
        return ProposalScores(iou_score, logits.sigmoid())

    def _begin(self, masks: Tensor, valid: Tensor | None = None) -> Tensor:
        """The part of `compare` that no instruction changes, (N, K, D) to (N, K, D)."""
        if self.fusion is None or masks.shape[1] == 0:
            return masks
        return self.fusion.begin(masks, valid)

    def _finish(
        self, masks: Tensor, seg_embedding: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What follows `_begin`."""
        if masks.shape[1] == 0:
            empty = masks.new_zeros(masks.shape[:2], dtype=torch.float32)
            return empty, empty
        if self.fusion is not None:
            masks = self.fusion.finish(masks, seg_embedding[:, None], valid)
        else:
            masks = masks + seg_embedding[:, None]
        return self.iou_head(masks, seg_embedding), self.iop_head(masks).float()
