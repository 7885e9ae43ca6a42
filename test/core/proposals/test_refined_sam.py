# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import SamModel

from helpers.tiny_model import tiny_sam
from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.model_dir.original.sam import sam_to_original
from llmseg_core.model_dir.proposers import proposer_class
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.target import Target
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.refined_sam import RefinedSamModel, refiner_of, with_refiner

CONFIG = ProposalConfig(
    points_per_side=4, pred_iou_thresh=-100.0, stability_score_thresh=0.0, box_nms_thresh=0.9
)
REFINING = replace(CONFIG, refine=True)
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture
def sam() -> SamModel:
    return tiny_sam().eval()


@pytest.fixture
def refined(sam: SamModel) -> RefinedSamModel:
    return with_refiner(sam, 8).eval()


def spoiled(sam: RefinedSamModel) -> RefinedSamModel:
    """Its refiner takes something off each mask's edge."""
    torch.nn.init.constant_(sam.refiner.leave.bias, -0.1)
    return sam


def test_it_is_kept_in_one_folder(refined: RefinedSamModel, tmp_path: Path) -> None:
    spoiled(refined).save_pretrained(tmp_path)
    assert proposer_class(str(tmp_path)) is RefinedSamModel
    again = RefinedSamModel.from_pretrained(tmp_path)
    assert again.config.refiner_width == 8
    assert again.refiner.sharpness == 1
    for name, weight in refined.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_sam_itself_is_the_same(sam: SamModel, refined: RefinedSamModel) -> None:
    plain = SamProposalGenerator(sam, CONFIG)(IMAGE)
    unrefined = SamProposalGenerator(spoiled(refined), CONFIG)(IMAGE)
    assert len(plain)
    assert torch.equal(plain.masks, unrefined.masks)
    assert sam_to_original(refined).keys() == sam_to_original(sam).keys()


def test_a_new_refiner_changes_no_mask(sam: SamModel, refined: RefinedSamModel) -> None:
    plain = SamProposalGenerator(sam, CONFIG)(IMAGE)
    same = SamProposalGenerator(refined, REFINING)(IMAGE)
    assert len(same) == len(plain)
    assert pairwise_iou(same.masks, plain.masks).max(1).values.mean() > 0.9


@pytest.mark.parametrize("crops", [0, 1])
@pytest.mark.parametrize("low", [False, True])
def test_refined_masks_are_measured(refined: RefinedSamModel, crops: int, low: bool) -> None:
    config = replace(REFINING, crop_n_layers=crops, low_resolution_measures=low)
    found = SamProposalGenerator(spoiled(refined), config).propose(IMAGE, largest=20)
    assert 0 < len(found) <= 20
    assert torch.equal(found.areas_px, found.masks.flatten(1).sum(1))
    assert ((found.predicted_iou >= 0) & (found.predicted_iou <= 1)).all()
    for mask, box in zip(found.masks, found.boxes_px.tolist(), strict=True):
        if mask.any():
            rows, columns = mask.nonzero(as_tuple=True)
            drawn = [columns.min(), rows.min(), columns.max(), rows.max()]
            assert [int(side) for side in drawn] == [int(side) for side in box]


def test_boxes_and_points_are_refined_too(sam: SamModel, refined: RefinedSamModel) -> None:
    target = [Target((8.0, 8.0, 40.0, 40.0))]
    masks = []
    for segmenter in (SamMasks(sam), SamMasks(refined)):
        masks.append(segmenter.draw(segmenter.encode(IMAGE), target).masks)
    assert float(pairwise_iou(*masks)) > 0.95
    segmenter = SamMasks(spoiled(refined))
    less = segmenter.draw(segmenter.encode(IMAGE), target).masks
    assert less.sum() < masks[1].sum()


def test_a_refiner_sees_sharper_pixels(sam: SamModel, tmp_path: Path) -> None:
    with_refiner(sam, 8, sharpness=3).save_pretrained(tmp_path)
    sharp = RefinedSamModel.from_pretrained(tmp_path)
    seen: list[Tensor] = []
    sharp.refiner.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    image = cv2.resize(IMAGE, (256, 192), interpolation=cv2.INTER_NEAREST)
    SamProposalGenerator(sharp.eval(), REFINING)(image)
    segmenter = SamMasks(sharp)
    segmenter.draw(segmenter.encode(image), [Target((8.0, 8.0, 40.0, 40.0))])
    side = 3 * sam.config.vision_config.image_size
    expected = normalize_and_pad(resize_longest_side(image, side), side)
    assert len(seen) == 2
    for pixels in seen:
        assert torch.equal(pixels, expected)


def test_a_sam_without_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"proposals\.refine is true, and the SAM is a SamModel"):
        SamProposalGenerator(tiny_sam(), REFINING)
    with pytest.raises(ValueError, match="without a refiner"):
        refiner_of(tiny_sam())
