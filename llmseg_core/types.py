# SPDX-License-Identifier: Apache-2.0
"""The typed data of the method: one frozen object per arrow of the data flow.

Letters: B images, R instructions, K proposals, C backbone channels, D fused width, (H, W) pixels of
the original image, (h, w) cells of a feature map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "FrameEncoding",
    "ImagePrefix",
    "ProposalEmbeddings",
    "ProposalScores",
    "Proposals",
    "SegEmbedding",
    "Segmentation",
    "Selection",
]


def _check(
    name: str, tensor: Tensor, shape: tuple[int | None, ...], dtype: torch.dtype | None
) -> None:
    """Raise ValueError unless `tensor` has `shape` (None matches any size) and `dtype`."""
    matches = len(tensor.shape) == len(shape) and all(
        want is None or want == got for want, got in zip(shape, tensor.shape, strict=True)
    )
    if not matches:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, it must be ({wanted})")
    if dtype is not None and tensor.dtype != dtype:
        raise ValueError(f"{name} has dtype {tensor.dtype}, it must be {dtype}")


@dataclass(frozen=True)
class Proposals:
    """Class-agnostic candidate masks of one image, best first (paper section 3.2).

    Attributes:
        masks: (K, H, W) bool, pixels of the original image.
        boxes: (K, 4) float32, left, top, right, bottom in pixels of the original image, inclusive.
        predicted_iou: (K,) float32, the mask quality that SAM predicts; about [0, 1].
        stability: (K,) float32 in [0, 1], overlap of the mask cut at two thresholds.
        points: (K, 2) float32, the prompt point x, y in pixels of the original image.
    """

    masks: Tensor
    boxes: Tensor
    predicted_iou: Tensor
    stability: Tensor
    points: Tensor

    def __post_init__(self) -> None:
        _check("masks", self.masks, (None, None, None), torch.bool)
        count = len(self.masks)
        _check("boxes", self.boxes, (count, 4), torch.float32)
        _check("predicted_iou", self.predicted_iou, (count,), torch.float32)
        _check("stability", self.stability, (count,), torch.float32)
        _check("points", self.points, (count, 2), torch.float32)

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: Tensor | slice) -> Proposals:
        """The proposals at `index`: a slice, a (n,) int64 tensor or a (K,) bool tensor."""
        return Proposals(
            self.masks[index],
            self.boxes[index],
            self.predicted_iou[index],
            self.stability[index],
            self.points[index],
        )

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the original image in pixels."""
        return int(self.masks.shape[1]), int(self.masks.shape[2])

    @property
    def areas(self) -> Tensor:
        """(K,) int64, pixels in each mask."""
        return mask_areas(self.masks)

    def largest(self, count: int) -> Proposals:
        """The `count` proposals of largest area, largest first; ties keep their order."""
        return self[self.areas.argsort(descending=True, stable=True)[:count]]

    def to(self, device: torch.device | str) -> Proposals:
        """The same proposals on `device`."""
        return Proposals(
            self.masks.to(device),
            self.boxes.to(device),
            self.predicted_iou.to(device),
            self.stability.to(device),
            self.points.to(device),
        )

    @classmethod
    def empty(cls, image_size: tuple[int, int], device: torch.device | str = "cpu") -> Proposals:
        """No proposal at all for an image of `image_size` (H, W): a valid result."""
        height, width = image_size
        return cls(
            torch.zeros((0, height, width), dtype=torch.bool, device=device),
            torch.zeros((0, 4), dtype=torch.float32, device=device),
            torch.zeros(0, dtype=torch.float32, device=device),
            torch.zeros(0, dtype=torch.float32, device=device),
            torch.zeros((0, 2), dtype=torch.float32, device=device),
        )

    @classmethod
    def from_masks(cls, masks: Tensor) -> Proposals:
        """Proposals from masks alone, (K, H, W) bool: boxes are computed, scores are 1."""
        count = len(masks)
        boxes = masks_to_boxes(masks)
        ones = torch.ones(count, dtype=torch.float32, device=masks.device)
        return cls(masks, boxes, ones, ones.clone(), (boxes[:, :2] + boxes[:, 2:]) / 2)


def mask_areas(masks: Tensor) -> Tensor:
    """Pixels in each mask: (K, H, W) bool to (K,) int64."""
    if masks.device.type == "cpu":  # NumPy counts many times faster than torch adds
        areas = [np.count_nonzero(mask) for mask in masks.numpy()]
        return torch.tensor(areas, dtype=torch.int64)
    return masks.flatten(1).sum(1)


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The tightest inclusive box of each mask; an empty mask gives zeros.

    Args:
        masks: (K, H, W) bool.

    Returns:
        (K, 4) float32: left, top, right, bottom, the pixel indices of the outermost mask pixels.
    """
    columns, rows = masks.any(1), masks.any(2)
    if not masks.numel():
        return torch.zeros((len(masks), 4), dtype=torch.float32, device=masks.device)

    def ends(line: Tensor) -> tuple[Tensor, Tensor]:
        first = line.int().argmax(1)
        last = line.shape[1] - 1 - line.flip(1).int().argmax(1)
        return first, last

    (left, right), (top, bottom) = ends(columns), ends(rows)
    boxes = torch.stack((left, top, right, bottom), 1).float()
    return boxes * columns.any(1)[:, None]


@dataclass(frozen=True)
class ProposalEmbeddings:
    """What the image encoder says of each proposal (paper section 3.3).

    Attributes:
        features: (K, C) float, mask-pooled features of the image encoder.
        boxes: (K, 4) float32, centre x, centre y, width, height as fractions of the image, [0, 1].
    """

    features: Tensor
    boxes: Tensor

    def __post_init__(self) -> None:
        _check("features", self.features, (None, None), None)
        _check("boxes", self.boxes, (len(self.features), 4), torch.float32)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class ImagePrefix:
    """Keys and values of the language model for the prompt up to and with the image tokens.

    Attributes:
        keys: for each layer (1, heads, T, head width) float.
        values: for each layer (1, heads, T, head width) float.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]

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
        _check("vectors", self.vectors, (None, None), None)

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class ProposalScores:
    """The selector's two scores of each proposal for each instruction (paper section 3.4).

    Attributes:
        iou_score: (R, K) float32 in [-1, 1], cosine similarity to the seg embedding; it ranks
            proposals by IoU with the target and is itself no IoU.
        iop: (R, K) float32 in [0, 1], predicted share of the proposal that lies on the target.
    """

    iou_score: Tensor
    iop: Tensor

    def __post_init__(self) -> None:
        _check("iou_score", self.iou_score, (None, None), torch.float32)
        _check("iop", self.iop, tuple(self.iou_score.shape), torch.float32)

    def __getitem__(self, instruction: int) -> ProposalScores:
        """The scores of one instruction, still (1, K)."""
        return ProposalScores(
            self.iou_score[instruction : instruction + 1], self.iop[instruction : instruction + 1]
        )

    def to(self, device: torch.device | str) -> ProposalScores:
        """The same scores on `device`."""
        return ProposalScores(self.iou_score.to(device), self.iop.to(device))


@dataclass(frozen=True)
class Selection:
    """The proposals that a selection rule took for one instruction.

    Attributes:
        indices: proposals whose union is the answer, best first; empty if nothing was found.
        confidence: in [0, 1], the highest predicted IoP among the proposals that the rule took, or
            among all proposals when it took none.
    """

    indices: tuple[int, ...]
    confidence: float

    @property
    def found(self) -> bool:
        """Whether anything in the image fits the instruction."""
        return bool(self.indices)


@dataclass(frozen=True)
class FrameEncoding:
    """Everything about one camera image that does not depend on the instruction.

    Attributes:
        proposals: at most K candidate masks, largest first.
        embeddings: their features, in the same order.
        prefix: the language model's keys and values for the image.
        timings_ms: wall time of each stage in milliseconds.
    """

    proposals: Proposals
    embeddings: ProposalEmbeddings
    prefix: ImagePrefix
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.proposals) != len(self.embeddings):
            raise ValueError(
                f"{len(self.proposals)} proposals but {len(self.embeddings)} embeddings: "
                f"there must be one embedding a proposal"
            )

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the original image in pixels."""
        return self.proposals.image_size


@dataclass(frozen=True)
class Segmentation:
    """The answer to one instruction on one image.

    Attributes:
        instruction: the text that was asked.
        mask: (H, W) bool, the union of the selected proposals; empty if nothing was found.
        selection: which proposals were taken.
        scores: (1, K) scores of every proposal that led to the answer.
        boxes: (K, 4) float32, inclusive pixel boxes of every proposal (see `Proposals.boxes`).
        areas: (K,) int64, pixels of every proposal.
        timings_ms: wall time of each stage in milliseconds; the frame's stages are among them.
    """

    instruction: str
    mask: np.ndarray
    selection: Selection
    scores: ProposalScores
    boxes: Tensor
    areas: Tensor
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Whether anything in the image fits the instruction."""
        return self.selection.found

    @property
    def confidence(self) -> float:
        """How sure the answer is, in [0, 1] (see `Selection.confidence`)."""
        return self.selection.confidence

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom of the mask in pixels, inclusive; None if the mask is empty."""
        if not self.mask.any():
            return None
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])

    def with_timings(self, timings_ms: Mapping[str, float]) -> Segmentation:
        """The same answer with other stage times."""
        return replace(self, timings_ms=dict(timings_ms))
