# SPDX-License-Identifier: Apache-2.0
"""The typed data of the method: one frozen object per arrow of the data flow.

Letters: B images, R instructions, K proposals, C backbone channels, D fused width, (H, W) pixels of
the original image, (h, w) cells of a feature map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .masks import mask_areas, masks_to_boxes
from .tensor_check import check_tensor

__all__ = [
    "Candidates",
    "FrameEncoding",
    "ImagePrefix",
    "ProposalEmbeddings",
    "ProposalScores",
    "Proposals",
    "SegEmbedding",
    "Segmentation",
    "Selection",
]


@dataclass(frozen=True)
class Proposals:
    """Class-agnostic candidate masks of one image, largest first (paper section 3.2).

    A large image is shrunk before anything is proposed; masks stay at that size, boxes and points
    are those of the image.

    Attributes:
        masks: (K, h, w) bool at the size at which they were proposed; see `enlarge_mask`.
        boxes_px: (K, 4) float32, left, top, right, bottom in pixels of the image, inclusive; of
            a shrunk image they may lie between pixels.
        predicted_iou: (K,) float32, the mask quality that SAM predicts; about [0, 1].
        stability: (K,) float32 in [0, 1], overlap of the mask cut at two thresholds.
        points: (K, 2) float32, the prompt point x, y in pixels of the image.
        image_size: (H, W) of the image in pixels; left out, it is the masks' own.
    """

    masks: Tensor
    boxes_px: Tensor
    predicted_iou: Tensor
    stability: Tensor
    points: Tensor
    image_size: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        check_tensor("masks", self.masks, (None, None, None), torch.bool)
        count = len(self.masks)
        if self.image_size == (0, 0):
            height, width = self.masks.shape[1:]
            object.__setattr__(self, "image_size", (int(height), int(width)))
        check_tensor("boxes_px", self.boxes_px, (count, 4), torch.float32)
        check_tensor("predicted_iou", self.predicted_iou, (count,), torch.float32)
        check_tensor("stability", self.stability, (count,), torch.float32)
        check_tensor("points", self.points, (count, 2), torch.float32)

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: Tensor | slice) -> Proposals:
        """The proposals at `index`: a slice, a (n,) int64 tensor or a (K,) bool tensor."""
        return self._map(lambda tensor: tensor[index])

    @cached_property
    def areas_px(self) -> Tensor:
        """(K,) int64, each mask's area in pixels of the image; counted once.

        Of a shrunk image it is the share of the mask's own pixels, rounded.
        """
        areas = mask_areas(self.masks)
        height, width = self.masks.shape[1:]
        if (height, width) == self.image_size:
            return areas
        scale = (self.image_size[0] * self.image_size[1]) / (height * width)
        return (areas.double() * scale).round().long()

    def largest(self, count: int) -> Proposals:
        """The `count` proposals of largest area, largest first; ties keep their order."""
        return self[self.areas_px.argsort(descending=True, stable=True)[:count]]

    def to(self, device: torch.device | str) -> Proposals:
        """The same proposals on `device`."""
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change: Callable[[Tensor], Tensor]) -> Proposals:
        """The same with every tensor changed alike."""
        return Proposals(
            change(self.masks),
            change(self.boxes_px),
            change(self.predicted_iou),
            change(self.stability),
            change(self.points),
            self.image_size,
        )

    @classmethod
    def empty(cls, image_size: tuple[int, int], device: torch.device | str = "cpu") -> Proposals:
        """No proposal at all for an image of `image_size` (H, W): a valid result."""
        return cls.from_masks(torch.zeros((0, *image_size), dtype=torch.bool, device=device))

    @classmethod
    def from_masks(cls, masks: Tensor) -> Proposals:
        """Proposals from masks alone, (K, H, W) bool: boxes are computed, scores are 1."""
        count = len(masks)
        boxes = masks_to_boxes(masks)
        ones = torch.ones(count, dtype=torch.float32, device=masks.device)
        return cls(masks, boxes, ones, ones.clone(), (boxes[:, :2] + boxes[:, 2:]) / 2)


@dataclass(frozen=True)
class ProposalEmbeddings:
    """What the image encoder says of each proposal (paper section 3.2).

    Attributes:
        features: (K, C) float, mask-pooled features of the image encoder.
        boxes_rel: (K, 4) float32, centre x, centre y, width, height as fractions of the image,
            [0, 1].
    """

    features: Tensor
    boxes_rel: Tensor

    def __post_init__(self) -> None:
        check_tensor("features", self.features, (None, None), None)
        check_tensor("boxes_rel", self.boxes_rel, (len(self.features), 4), torch.float32)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class ImagePrefix:
    """Keys and values of the language model for the prompt up to and with the image tokens.

    Attributes:
        keys: for each layer (1, heads, T, head width) float.
        values: for each layer (1, heads, T, head width) float.
        next_position: where the prompt goes on, in the language model's own count; None: at T.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    next_position: int | None = None

    def __post_init__(self) -> None:
        if len(self.keys) != len(self.values) or not self.keys:
            raise ValueError(
                f"an image prefix needs as many keys as values and at least one layer, "
                f"it got {len(self.keys)} and {len(self.values)}"
            )

    @property
    def length(self) -> int:
        """T, the number of prompt positions that the prefix holds."""
        return int(self.keys[0].shape[2])


@dataclass(frozen=True)
class SegEmbedding:
    """The projected hidden state of the seg token for each instruction (paper section 3.1).

    Attributes:
        vectors: (R, D) float.
    """

    vectors: Tensor

    def __post_init__(self) -> None:
        check_tensor("vectors", self.vectors, (None, None), None)

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class ProposalScores:
    """The selector's two scores of each proposal for each instruction (paper section 3.3).

    Attributes:
        iou_score: (R, K) float32 in [-1, 1], cosine similarity to the seg embedding; it ranks
            proposals by IoU with the target and is itself no IoU.
        iop: (R, K) float32 in [0, 1], predicted share of the proposal that lies on the target.
        quality: (K,) float32, the IoU that each proposal is thought to have with what it shows,
            about [0, 1]: what SAM predicts, not the selector; left out, it is 1.
    """

    iou_score: Tensor
    iop: Tensor
    quality: Tensor = field(default_factory=lambda: torch.zeros(0))

    def __post_init__(self) -> None:
        check_tensor("iou_score", self.iou_score, (None, None), torch.float32)
        check_tensor("iop", self.iop, tuple(self.iou_score.shape), torch.float32)
        if not len(self.quality):
            object.__setattr__(self, "quality", self.iop.new_ones(self.iop.shape[1]))
        check_tensor("quality", self.quality, (self.iop.shape[1],), torch.float32)

    def __getitem__(self, instruction: int) -> ProposalScores:
        """The scores of one instruction, still (1, K)."""
        one = slice(instruction, instruction + 1)
        return ProposalScores(self.iou_score[one], self.iop[one], self.quality)

    def to(self, device: torch.device | str) -> ProposalScores:
        """The same scores on `device`."""
        return ProposalScores(
            self.iou_score.to(device), self.iop.to(device), self.quality.to(device)
        )


@dataclass(frozen=True)
class Selection:
    """The candidates that a method took for one instruction.

    Attributes:
        indices: candidates whose union is the answer, best first; empty if nothing was found.
        confidence: of a calibrated model how often such an answer is right, [0, 1]: a mask if its
            IoU with what is meant is at least 0.5, "nothing" if nothing fits. Else the method's own
            score, [0, 1]; by a selection rule the highest predicted IoP among the proposals that
            it took, or among all proposals when it took none.
        reason: why nothing was found, for people; "" if something was.
        presence: the chance that anything fits, [0, 1], where the model tells it apart from which
            candidates do; None elsewhere.
    """

    indices: tuple[int, ...]
    confidence: float
    reason: str = ""
    presence: float | None = None

    @property
    def found(self) -> bool:
        """Whether anything in the image fits the instruction."""
        return bool(self.indices)


@dataclass(frozen=True)
class FrameEncoding:
    """What LLM-Seg knows of one camera image that does not depend on the instruction.

    Attributes:
        proposals: at most K candidate masks, largest first.
        embeddings: their features, in the same order.
        mask_embeddings: (K, D) float, the same as the selector compares them.
        prefix: the language model's keys and values for the image.
        timings_ms: wall time of each stage in milliseconds.
        total_ms: wall time of all stages together, which is less where some overlap.
        unfamiliarity: distance from all that the model was trained on, above 1 unfamiliar; None if
            the model does not know.
    """

    proposals: Proposals
    embeddings: ProposalEmbeddings
    mask_embeddings: Tensor
    prefix: ImagePrefix
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    total_ms: float = 0.0
    unfamiliarity: float | None = None

    def __post_init__(self) -> None:
        if len(self.proposals) != len(self.embeddings):
            raise ValueError(
                f"{len(self.proposals)} proposals but {len(self.embeddings)} embeddings: "
                f"there must be one embedding a proposal"
            )
        check_tensor("mask_embeddings", self.mask_embeddings, (len(self.proposals), None), None)

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image in pixels."""
        return self.proposals.image_size

    @cached_property
    def boxes_px(self) -> Tensor:
        """(K, 4) float32 on the CPU, the proposals' boxes in whole pixels of the image."""
        return self.proposals.boxes_px.round().cpu()

    @cached_property
    def areas_px(self) -> Tensor:
        """(K,) int64 on the CPU, the proposals' areas in pixels of the image."""
        return self.proposals.areas_px.cpu()


@dataclass(frozen=True)
class Candidates:
    """The K masks of one image that a method chose among, and their scores for one instruction.

    Attributes:
        masks: (K, h, w) bool, the image's size or a smaller one; shared with the frame.
        boxes_px: (K, 4) float32, left, top, right, bottom, whole pixels of the image, inclusive.
        areas_px: (K,) int64, pixels of the image.
        iou_score: (K,) float32 in [-1, 1], similarity that ranks; NaN where a method has none.
        iop: (K,) float32 in [0, 1], predicted share on the target; NaN where a method has none.
        score: (K,) float32 in [0, 1], how sure the method is that the candidate is meant; left
            out, it is `iop`, as LLM-Seg has it.
        quality: see `ProposalScores`.
    """

    masks: Tensor
    boxes_px: Tensor
    areas_px: Tensor
    iou_score: Tensor
    iop: Tensor
    score: Tensor = field(default_factory=lambda: torch.zeros(0))
    quality: Tensor = field(default_factory=lambda: torch.zeros(0))

    def __post_init__(self) -> None:
        check_tensor("masks", self.masks, (None, None, None), torch.bool)
        count = len(self.masks)
        if not len(self.score):
            object.__setattr__(self, "score", self.iop)
        if not len(self.quality):
            object.__setattr__(self, "quality", self.iop.new_ones(count))
        check_tensor("boxes_px", self.boxes_px, (count, 4), torch.float32)
        check_tensor("areas_px", self.areas_px, (count,), torch.int64)
        check_tensor("iou_score", self.iou_score, (count,), torch.float32)
        check_tensor("iop", self.iop, (count,), torch.float32)
        check_tensor("score", self.score, (count,), torch.float32)
        check_tensor("quality", self.quality, (count,), torch.float32)

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def scores(self) -> ProposalScores:
        """(1, K), as selection rules take them."""
        return ProposalScores(self.iou_score[None], self.iop[None], self.quality)


@dataclass(frozen=True)
class Segmentation:
    """The answer to one instruction on one image, by any method.

    Attributes:
        instruction: the text that was asked.
        mask: (H, W) bool, the union of the selected candidates; empty if nothing was found.
        selection: which candidates were taken, how sure that is, or why none was.
        candidates: what was chosen among, with scores.
        timings_ms: wall time of each stage in milliseconds; the frame's stages are among them.
        total_ms: wall time of all of them together, which is less where some overlap.
        method: which method answered, as `method` in `llmseg.yaml` names it.
        phrase: what was looked for, or what the targets were called; "" where a method names
            nothing, as LLM-Seg.
        unfamiliarity: how far the image is from all that the model was trained on, above 1
            unfamiliar; None if the model does not know.
    """

    instruction: str
    mask: np.ndarray
    selection: Selection
    candidates: Candidates
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    total_ms: float = 0.0
    method: str = "llm_seg"
    phrase: str = ""
    unfamiliarity: float | None = None

    @property
    def unfamiliar(self) -> bool:
        """Whether the image is unlike all that the model was trained on, as far as it knows."""
        return self.unfamiliarity is not None and self.unfamiliarity > 1

    @property
    def found(self) -> bool:
        """Whether anything in the image fits the instruction."""
        return self.selection.found

    @property
    def confidence(self) -> float:
        """How sure the answer is, in [0, 1] (see `Selection.confidence`)."""
        return self.selection.confidence

    @property
    def reason(self) -> str:
        """Why nothing was found, for people; "" if something was."""
        return self.selection.reason

    @cached_property
    def box_px(self) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom of the mask in pixels, inclusive; None if the mask is empty."""
        if not self.mask.any():
            return None
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])

    def with_timings(self, timings_ms: Mapping[str, float], total_ms: float) -> Segmentation:
        """The same answer with other times."""
        return replace(self, timings_ms=dict(timings_ms), total_ms=total_ms)
