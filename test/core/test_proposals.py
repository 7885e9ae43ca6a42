"""The same masks as the original generator, with the same weights and settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from helpers.original_sam import original_sam, segment_anything
from llmseg_core import ProposalConfig, Proposals, SamProposalGenerator
from llmseg_core.proposals import point_grid
from llmseg_core.sam_original import sam_from_original

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
    "black": np.zeros((100, 140, 3), np.uint8),
    "noise": np.random.default_rng(3).integers(0, 256, (90, 70, 3), dtype=np.uint8),
}


@pytest.fixture(scope="module")
def original() -> nn.Module:
    return original_sam()


def generator(original: nn.Module, config: ProposalConfig) -> SamProposalGenerator:
    return SamProposalGenerator(sam_from_original(original.state_dict()), config)


def original_records(
    original: nn.Module, config: ProposalConfig, image: np.ndarray
) -> list[dict[str, Any]]:
    generator = segment_anything.SamAutomaticMaskGenerator(
        original,
        points_per_side=config.points_per_side,
        pred_iou_thresh=config.pred_iou_thresh,
        stability_score_thresh=config.stability_score_thresh,
        stability_score_offset=config.stability_score_offset,
        box_nms_thresh=config.box_nms_thresh,
    )
    records: list[dict[str, Any]] = generator.generate(image)
    return records


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
    assert torch.equal(ours.boxes, torch.stack((left, top, left + width, top + height), 1))
    torch.testing.assert_close(ours.points, column("point_coords")[:, 0].float())
    torch.testing.assert_close(
        ours.predicted_iou, column("predicted_iou").float(), atol=1e-5, rtol=0
    )
    stability = column("stability_score").float()
    assert torch.equal(ours.stability.isnan(), stability.isnan())
    # a pixel that lies at the cut may fall to either side: two of them in a small mask
    tolerance = (2 / union.clamp(min=1)).clamp(min=1e-4)
    assert ((ours.stability - stability).nan_to_num().abs() <= tolerance).all()


@pytest.mark.parametrize("config", [MANY, FEW, UNFILTERED], ids=["many", "few", "unfiltered"])
@pytest.mark.parametrize("name", IMAGES)
def test_same_as_the_original(original: nn.Module, name: str, config: ProposalConfig) -> None:
    records = original_records(original, config, IMAGES[name])
    assert records
    assert_same(generator(original, config).propose(IMAGES[name]), records)


def test_settings_keep_many_and_few(original: nn.Module) -> None:
    image = IMAGES["landscape"]
    many, few, none = (len(generator(original, c).propose(image)) for c in (MANY, FEW, NONE))
    assert many > 30
    assert 1 <= few < 10
    assert none == 0


def test_largest_first(original: nn.Module) -> None:
    image = IMAGES["landscape"]
    every = generator(original, MANY).propose(image)
    limited = ProposalConfig(**{**vars(MANY), "max_proposals": 7})
    seven = generator(original, limited)(image)
    expected = every.largest(7)
    assert torch.equal(seven.masks, expected.masks)
    assert torch.equal(seven.predicted_iou, expected.predicted_iou)
    assert seven.areas.tolist() == sorted(every.areas.tolist(), reverse=True)[:7]


def test_batches_change_nothing(original: nn.Module) -> None:
    image = IMAGES["portrait"]
    every = generator(original, MANY).propose(image)
    for size in (1, 7, 1000):
        config = ProposalConfig(**{**vars(MANY), "points_per_batch": size})
        batched = generator(original, config).propose(image)
        assert len(batched) == len(every)
        assert (batched.masks ^ every.masks).sum() <= 2
        torch.testing.assert_close(batched.predicted_iou, every.predicted_iou)


def test_several_images_with_one_generator(original: nn.Module) -> None:
    ours = generator(original, FEW)
    for name in ("landscape", "portrait", "landscape"):
        assert_same(ours.propose(IMAGES[name]), original_records(original, FEW, IMAGES[name]))


def test_a_large_image_is_shrunk_and_its_masks_enlarged(original: nn.Module) -> None:
    config = ProposalConfig(**{**vars(MANY), "max_image_side": 128})
    image = IMAGES["large"]
    proposals = generator(original, config)(image)
    assert proposals.image_size == image.shape[:2]
    assert 0 < len(proposals) <= config.max_proposals
    full = generator(original, MANY)(image)
    overlap = (proposals.masks[0] & full.masks[0]).sum() / (
        proposals.masks[0] | full.masks[0]
    ).sum()
    assert overlap > 0.9
    assert proposals.points.max(0).values.tolist() == pytest.approx([0.9 * 321, 0.9 * 240], abs=2)


def test_nothing_passes(original: nn.Module) -> None:
    proposals = generator(original, NONE)(IMAGES["landscape"])
    assert len(proposals) == 0
    assert proposals.image_size == (96, 128)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 0, 3), np.uint8)]
)
def test_wrong_images(original: nn.Module, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the image has"):
        generator(original, FEW)(image)


def test_points_per_batch_follow_the_size_of_a_prompt(original: nn.Module) -> None:
    ours = generator(original, FEW)
    assert ours.points_per_batch == 8 * 2**20 // (16 * 16 * 32 * 4)
    assert generator(original, UNFILTERED).points_per_batch == 5


def test_point_grid_is_that_of_the_original() -> None:
    theirs = segment_anything.utils.amg.build_point_grid(7) * np.array([[640, 480]])
    assert np.allclose(point_grid(7, 480, 640).numpy(), theirs, rtol=0, atol=1e-12)
