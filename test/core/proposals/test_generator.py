# SPDX-License-Identifier: Apache-2.0
"""The same masks as the original generator, with the same weights and settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from transformers import SamModel

from helpers.original_proposals import (
    FEW,
    IMAGES,
    MANY,
    NONE,
    UNFILTERED,
    assert_same,
    generator,
    original_records,
    with_crops,
)
from helpers.original_sam import original_sam, segment_anything
from llmseg_core.config import ProposalConfig
from llmseg_core.masks import masks_to_boxes
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.model_dir.original.sam import sam_from_original, sam_to_original
from llmseg_core.proposals.enlarge import enlarge_masks
from llmseg_core.proposals.generator import SamProposalGenerator, point_grid
from llmseg_core.reference.original_proposals import original_sam as original_sam_of


@pytest.fixture(scope="module")
def original() -> nn.Module:
    return original_sam()


@pytest.mark.parametrize("config", [MANY, FEW, UNFILTERED], ids=["many", "few", "unfiltered"])
@pytest.mark.parametrize("name", IMAGES)
def test_same_as_the_original(original: nn.Module, name: str, config: ProposalConfig) -> None:
    records = original_records(original, config, IMAGES[name])
    assert records or config is FEW
    assert_same(generator(original, config).propose(IMAGES[name]), records)


CROPPED = {
    "many": with_crops(MANY, crop_nms_thresh=0.95),
    "few": with_crops(FEW, crop_n_points_downscale_factor=2),
    "unfiltered": with_crops(UNFILTERED, crop_overlap_ratio=0.6, crop_nms_thresh=0.3),
}


@pytest.mark.parametrize("setting", CROPPED)
@pytest.mark.parametrize("name", ["landscape", "portrait", "large", "black", "tiny"])
def test_same_as_the_original_with_crops(original: nn.Module, name: str, setting: str) -> None:
    config, image = CROPPED[setting], IMAGES[name]
    assert_same(
        generator(original, config).propose(image), original_records(original, config, image)
    )


def test_nothing_passes_in_any_crop(original: nn.Module) -> None:
    """Where the original stops with an error."""
    assert len(generator(original, with_crops(NONE)).propose(IMAGES["large"])) == 0


@pytest.fixture(scope="module")
def trained() -> SamModel:
    """The packaged model."""
    return load_sam(
        "embedded",
    )


@pytest.mark.parametrize(("name", "crops"), [("landscape", 0), ("noise", 0), ("large", 1)])
def test_trained_weights(trained: SamModel, name: str, crops: int) -> None:
    config = ProposalConfig(
        points_per_side=6,
        pred_iou_thresh=0.4,
        stability_score_thresh=0.6,
        crop_n_layers=crops,
        crop_n_points_downscale_factor=2,
    )
    image = IMAGES[name]
    ours = SamProposalGenerator(trained, config).propose(image)
    original = original_sam_of(trained.config, sam_to_original(trained))
    assert_same(ours, original_records(original, config, image))
    if crops:  # what only a crop shows, and what the whole image does
        whole = SamProposalGenerator(trained, replace(config, crop_n_layers=0)).propose(image)
        known = torch.isin(ours.predicted_iou, whole.predicted_iou)
        assert 1 <= int(known.sum()) < len(ours)


def test_a_line_cannot_be_cropped_twice(original: nn.Module) -> None:
    line = np.zeros((1, 40, 3), np.uint8)
    proposals = generator(original, with_crops(UNFILTERED)).propose(line)
    assert proposals.image_size == (1, 40)


def test_settings_keep_many_and_few(original: nn.Module) -> None:
    image = IMAGES["landscape"]
    many, few, none = (len(generator(original, c).propose(image)) for c in (MANY, FEW, NONE))
    assert many > 30
    assert 1 <= few < 10
    assert none == 0


def test_largest_first(original: nn.Module) -> None:
    image = IMAGES["landscape"]
    every = generator(original, MANY).propose(image)
    limited = replace(MANY, max_proposals=7)
    seven = generator(original, limited)(image)
    expected = every.largest(7)
    assert torch.equal(seven.masks, expected.masks)
    assert torch.equal(seven.predicted_iou, expected.predicted_iou)
    assert seven.areas_px.tolist() == sorted(every.areas_px.tolist(), reverse=True)[:7]


@pytest.mark.parametrize("low", [False, True])
def test_the_likeliest_largest_first(original: nn.Module, low: bool) -> None:
    image, config = IMAGES["noise"], replace(MANY, keep="likeliest", low_resolution_measures=low)
    every = generator(original, config).propose(image)
    some = generator(original, config).propose(image, largest=7)
    best = every.predicted_iou.sort(descending=True).values[:7]
    assert sorted(some.predicted_iou.tolist()) == sorted(best.tolist())
    areas = some.areas_px.tolist()
    assert areas == sorted(areas, reverse=True)
    assert len(generator(original, config).propose(image, largest=9999)) == len(every)
    other = generator(original, replace(config, keep="largest")).propose(image, largest=7)
    assert sum(other.areas_px.tolist()) > sum(areas)


def test_batches_change_nothing(original: nn.Module) -> None:
    image = IMAGES["portrait"]
    every = generator(original, MANY).propose(image)
    for size in (1, 7, 1000):
        config = replace(MANY, points_per_batch=size)
        batched = generator(original, config).propose(image)
        assert len(batched) == len(every)
        assert (batched.masks ^ every.masks).sum() <= 2
        torch.testing.assert_close(batched.predicted_iou, every.predicted_iou)


def test_several_images_with_one_generator(original: nn.Module) -> None:
    ours = generator(original, FEW)
    for name in ("landscape", "portrait", "landscape"):
        assert_same(ours.propose(IMAGES[name]), original_records(original, FEW, IMAGES[name]))


def test_a_large_image_is_shrunk_and_its_masks_stay_so(original: nn.Module) -> None:
    config = replace(MANY, max_image_side=128)
    image = IMAGES["large"]
    proposals = generator(original, config)(image)
    assert proposals.image_size == image.shape[:2]
    assert 0 < len(proposals) <= config.max_proposals
    assert proposals.masks.shape[1:] == (96, 128)
    full = generator(original, MANY)(image)
    large = enlarge_masks(proposals.masks[:1], image.shape[:2])[0]
    assert (large & full.masks[0]).sum() / (large | full.masks[0]).sum() > 0.9
    assert proposals.areas_px[0] == pytest.approx(int(large.sum()), rel=0.01)
    assert torch.allclose(proposals.boxes_px[:1], masks_to_boxes(large[None]), atol=2)
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


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("image_encoder.pos_embed", "image embedding"),
        ("mask_decoder.iou_prediction_head.layers.2.bias", "predicted IoU"),
        ("mask_decoder.output_hypernetworks_mlps.2.layers.2.bias", "mask logits"),
    ],
)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_outputs_that_are_not_finite(
    original: nn.Module, broken: str, name: str, value: float
) -> None:
    weights = original.state_dict()
    model = sam_from_original({**weights, broken: torch.full_like(weights[broken], value)})
    ours = SamProposalGenerator(model, UNFILTERED)
    with pytest.raises(ValueError, match=f"SAM's {name} holds NaN or infinity"):
        ours.propose(IMAGES["tiny"])


@pytest.mark.parametrize("budget", [12, 24, 4096])
@pytest.mark.parametrize("config", [MANY, with_crops(UNFILTERED)], ids=["many", "crops"])
def test_the_memory_budget_does_not_change_the_masks(
    original: nn.Module, config: ProposalConfig, budget: int
) -> None:
    config, image = replace(config, points_per_batch=None), IMAGES["landscape"]
    expected = generator(original, config).propose(image)
    ours = generator(original, config, memory_budget_mb=budget).propose(image)
    assert len(ours) == len(expected)
    assert (ours.masks ^ expected.masks).sum() <= 2
    torch.testing.assert_close(ours.predicted_iou, expected.predicted_iou)
    assert torch.equal(ours.boxes_px, expected.boxes_px)


def test_a_budget_for_less_than_a_point(original: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"memory_budget_mb is 1, too small.*at least 2"):
        generator(original, FEW, memory_budget_mb=1)
    assert generator(original, FEW, memory_budget_mb=2).points_per_batch >= 1


def test_points_per_batch_follow_the_size_of_a_prompt(original: nn.Module) -> None:
    ours = generator(original, FEW)
    assert ours.points_per_batch == 16 * 2**20 // (16 * 16 * 32 * 4)
    assert generator(original, UNFILTERED).points_per_batch == 5


def test_point_grid_is_that_of_the_original() -> None:
    theirs = segment_anything.utils.amg.build_point_grid(7) * np.array([[640, 480]])
    assert np.allclose(point_grid(7, 480, 640).numpy(), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("least", [4, 60, 100_000])
@pytest.mark.parametrize("crops", [False, True])
def test_specks_and_holes_go_as_in_the_original(
    original: nn.Module, least: int, crops: bool
) -> None:
    config = replace(with_crops(MANY) if crops else MANY, min_mask_region_area=least)
    records = original_records(original, config, IMAGES["noise"])
    found = generator(original, config).propose(IMAGES["noise"])
    assert_same(found, records)
    plain = generator(original, replace(config, min_mask_region_area=0)).propose(IMAGES["noise"])
    assert not torch.equal(plain.masks, found.masks)
    largest = generator(original, config).propose(IMAGES["noise"], largest=2)
    areas = found.masks.flatten(1).sum(1)
    assert (
        largest.masks.flatten(1).sum(1).tolist() == areas.sort(descending=True).values.tolist()[:2]
    )
