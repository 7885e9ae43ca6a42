# SPDX-License-Identifier: Apache-2.0
"""Everything mode by a network's own forward pass: of SAM, SAM-HQ and SAM 2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.original_sam import original_sam
from helpers.other_device import OTHER, other_device
from helpers.tiny_prompted import red_square, tiny_sam2, tiny_sam_hq
from llmseg_core.config import ProposalConfig
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.prompted.everything_mode import EverythingMode
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.sam2 import Sam2Masks
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.mask_resize import LogitResize

MANY = ProposalConfig(
    points_per_side=6, pred_iou_thresh=0.5, stability_score_thresh=0.5, max_proposals=50
)
ALL = replace(MANY, points_per_side=3, pred_iou_thresh=-100.0, stability_score_thresh=0.0)


def segmenter(kind: str) -> SamMasks | Sam2Masks:
    torch.manual_seed(0)
    return Sam2Masks(tiny_sam2()) if kind == "sam2" else SamMasks(tiny_sam_hq())


@pytest.mark.parametrize(("overlap", "least"), [(1.0, 0), (0.7, 0), (1.0, 20)])
def test_of_sam_it_is_what_sams_own_generator_finds(overlap: float, least: int) -> None:
    """Which in turn is segment-anything's, to the bit."""
    sam = sam_from_original(original_sam().state_dict())
    config = replace(MANY, box_nms_thresh=overlap, min_mask_region_area=least)
    ours, wanted = EverythingMode(SamMasks(sam), config), SamProposalGenerator(sam, config)
    for image in (red_square(), np.ascontiguousarray(red_square()[:, ::-1])):
        found, exact = ours(image), wanted(image)
        assert len(found) == len(exact) > (3 if overlap == 1 and not least else 0)
        assert (found.masks ^ exact.masks).float().mean() < 1e-4
        torch.testing.assert_close(found.boxes_px, exact.boxes_px)
        torch.testing.assert_close(found.predicted_iou, exact.predicted_iou, atol=1e-4, rtol=0)
        torch.testing.assert_close(found.stability, exact.stability, atol=1e-3, rtol=0)
        torch.testing.assert_close(found.points, exact.points)


@pytest.mark.parametrize("kind", ["sam_hq", "sam2"])
def test_masks_are_the_networks_own(kind: str) -> None:
    """Every mask is one that transformers' forward pass draws of the proposal's point."""
    drawn, image = segmenter(kind), red_square()
    found = EverythingMode(drawn, replace(ALL, box_nms_thresh=1.0))(image)
    encoded = drawn.encode(image)
    scale = torch.tensor(encoded.input_scale)
    assert len(found) > 5
    for index in range(len(found)):
        point = (found.points[index] * scale)[None]
        with torch.inference_mode():
            low, iou = drawn.draw_points(encoded, point)
        same = (iou[0] - found.predicted_iou[index]).abs() < 1e-5
        assert same.any()
        if kind == "sam2":
            full = F.interpolate(low, (48, 80), mode="bilinear")[0]
        else:
            full = F.interpolate(low, (64, 64), mode="bilinear")[..., :38, :64]
            full = F.interpolate(full, (48, 80), mode="bilinear")[0]
        wrong = ((full > 0) ^ found.masks[index]) & (full.abs() > 1e-4)
        assert wrong[same].flatten(1).sum(1).min() == 0
    assert found.areas_px.tolist() == sorted(found.areas_px.tolist(), reverse=True)


@pytest.mark.parametrize("kind", ["sam_hq", "sam2"])
def test_filters(kind: str) -> None:
    drawn, image = segmenter(kind), red_square()
    everything = EverythingMode(drawn, replace(ALL, box_nms_thresh=1.0)).propose(image)
    middle = float(everything.predicted_iou.median())
    better = EverythingMode(drawn, replace(ALL, box_nms_thresh=1.0, pred_iou_thresh=middle))
    if middle > 0:
        assert len(better.propose(image)) < len(everything)
    fewer = EverythingMode(drawn, replace(ALL, box_nms_thresh=0.3)).propose(image)
    assert 0 < len(fewer) < len(everything)
    assert len(EverythingMode(drawn, replace(ALL, box_nms_thresh=1.0, max_proposals=2))(image)) == 2
    nothing = EverythingMode(drawn, replace(ALL, pred_iou_thresh=100.0))(image)
    assert (len(nothing), nothing.image_size) == (0, (48, 80))


@pytest.mark.parametrize("kind", ["sam_hq", "sam2"])
def test_sizes_formats_and_devices(kind: str) -> None:
    drawn = segmenter(kind)
    mode = EverythingMode(drawn, replace(ALL, max_image_side=64))
    for size in ((1, 1), (1, 90), (300, 3)):
        assert mode(np.full((*size, 3), 9, np.uint8)).image_size == size
    with pytest.raises(ValueError, match="uint8"):
        mode(red_square().astype(np.float32))
    wanted = mode(red_square())
    drawn.model.to(torch.bfloat16)
    assert mode(red_square()).predicted_iou.isfinite().all()
    with other_device():
        there = segmenter(kind)
        there.model.to(OTHER)
        found = EverythingMode(there, replace(ALL, max_image_side=64))(red_square())
        iou = found.predicted_iou.cpu()
    torch.testing.assert_close(iou, wanted.predicted_iou, atol=1e-4, rtol=0)


def test_stretched_logits_are_resized_once() -> None:
    low = torch.randn(2, 16, 16)
    wanted = F.interpolate(low[None], (48, 80), mode="bilinear")[0]
    resize = LogitResize.stretched((16, 16), (48, 80))
    torch.testing.assert_close(resize(low), wanted, atol=1e-5, rtol=0)
    assert resize.inside(low).shape == low.shape


@pytest.mark.parametrize(
    "settings",
    [{"crop_n_layers": 1}, {"coarse_step": 2}, {"low_resolution_measures": True}],
)
def test_what_only_sam_can_do_is_refused(settings: dict) -> None:
    ((name, value),) = settings.items()
    with pytest.raises(ValueError, match=rf"proposals\.{name} is {value}, it must be"):
        EverythingMode(segmenter("sam2"), replace(ALL, **settings))
