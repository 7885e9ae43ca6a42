# SPDX-License-Identifier: Apache-2.0
"""The original generator's masks beside ours."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from helpers.original_sam import segment_anything
from llmseg_core import Proposals
from llmseg_core.config import ProposalConfig
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.generator import SamProposalGenerator

OWN = (
    "points_per_batch",
    "max_image_side",
    "max_proposals",
    "keep",
    "refine",
    "skip_padding",
    "low_resolution_stability",
    "low_resolution_measures",
    "coarse_step",
    "coarse_confidence",
)
"""Settings that the original does not have."""

MANY = ProposalConfig(
    points_per_side=5, pred_iou_thresh=0.2, stability_score_thresh=0.2, box_nms_thresh=1.0
)
FEW = ProposalConfig(points_per_side=5, pred_iou_thresh=0.5, stability_score_thresh=0.5)
UNFILTERED = ProposalConfig(
    points_per_side=4,
    points_per_batch=5,
    pred_iou_thresh=0.0,
    stability_score_thresh=0.0,
    stability_score_offset=0.5,
    box_nms_thresh=0.9,
)
NONE = ProposalConfig(points_per_side=3, pred_iou_thresh=100.0)


def picture(height: int, width: int) -> np.ndarray:
    """Flat rectangles on noise."""
    random = np.random.default_rng(height)
    image = random.integers(90, 120, (height, width, 3), dtype=np.uint8)
    for _ in range(4):
        top, left = random.integers(0, height), random.integers(0, width)
        rows, columns = random.integers(1, height), random.integers(1, width)
        image[top : top + rows // 2, left : left + columns // 2] = random.integers(0, 256, 3)
    return image


IMAGES = {
    "landscape": picture(96, 128),
    "portrait": picture(150, 97),
    "tiny": picture(9, 7),
    "thin": picture(3, 200),
    "large": picture(240, 321),
    "huge": picture(220, 1100),  # longer than the side that images are shrunk to
    "black": np.zeros((100, 140, 3), np.uint8),
    "noise": np.random.default_rng(3).integers(0, 256, (90, 70, 3), dtype=np.uint8),
}


def generator(original: nn.Module, config: ProposalConfig, **options: Any) -> SamProposalGenerator:
    """Ours with the weights of the original."""
    return SamProposalGenerator(sam_from_original(original.state_dict()), config, **options)


def original_records(
    original: nn.Module, config: ProposalConfig, image: np.ndarray
) -> list[dict[str, Any]]:
    """What the original finds with the same settings."""
    settings = {part.name: getattr(config, part.name) for part in fields(config)}
    shared = {name: value for name, value in settings.items() if name not in OWN}
    generator = segment_anything.SamAutomaticMaskGenerator(original, **shared)
    records: list[dict[str, Any]] = generator.generate(image)
    return records


def with_crops(config: ProposalConfig, **settings: Any) -> ProposalConfig:
    """The same settings with one layer of crops."""
    return replace(config, crop_n_layers=1, **settings)


def assert_same(ours: Proposals, records: list[dict[str, Any]]) -> None:
    """Same count and order; masks, boxes, points and scores within rounding."""
    assert len(ours) == len(records)
    if not records:
        return

    def column(name: str) -> torch.Tensor:
        return torch.tensor(np.stack([record[name] for record in records]))

    masks = column("segmentation")
    union = (masks | ours.masks).flatten(1).sum(1)
    shared = (masks & ours.masks).flatten(1).sum(1)
    assert (shared >= 0.999 * union).all()
    left, top, width, height = column("bbox").float().unbind(1)
    assert torch.equal(ours.boxes_px, torch.stack((left, top, left + width, top + height), 1))
    torch.testing.assert_close(ours.points, column("point_coords")[:, 0].float())
    torch.testing.assert_close(
        ours.predicted_iou, column("predicted_iou").float(), atol=1e-5, rtol=0
    )
    stability = column("stability_score").float()
    assert torch.equal(ours.stability.isnan(), stability.isnan())
    # a pixel that lies at the cut may fall to either side: two of them in a small mask
    tolerance = (2 / union.clamp(min=1)).clamp(min=1e-4)
    assert ((ours.stability - stability).nan_to_num().abs() <= tolerance).all()
