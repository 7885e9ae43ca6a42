# SPDX-License-Identifier: Apache-2.0
"""Nearly exact modes: how near they are, and that each does what it is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from transformers import SamModel

from helpers.original_proposals import IMAGES, MANY, generator
from helpers.original_sam import original_sam
from llmseg_core.config import ProposalConfig
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.proposals.finite_check import FiniteCheck
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.mask_measures import measure_logits, measure_masks
from llmseg_core.reference.proposal_agreement import agreement

CONFIG = ProposalConfig(
    points_per_side=12, pred_iou_thresh=0.4, stability_score_thresh=0.6, skip_padding=True
)
"""as the packaged SAM has learned to look"""


@pytest.fixture(scope="module")
def sam() -> SamModel:
    """The packaged model."""
    return load_sam("embedded")


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """(192, 256, 3) uint8: large things on grey, so that many points show the same."""
    image = Image.new("RGB", (256, 192), (150, 150, 150))
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 110, 100), fill=(200, 40, 40))
    draw.ellipse((140, 30, 230, 120), fill=(40, 160, 60))
    draw.rectangle((60, 120, 200, 180), fill=(40, 60, 200))
    return np.array(image)


class CountingGenerator(SamProposalGenerator):
    """Counts the points that are decoded."""

    def __init__(self, model: SamModel, config: ProposalConfig) -> None:
        super().__init__(model, config)
        self.decoded, decode = 0, self._decode

        def counted(*args: torch.Tensor) -> object:
            self.decoded += len(args[1])
            return decode(*args)

        self._decode = counted


def test_low_resolution_stability(sam: SamModel, image: np.ndarray) -> None:
    exact = SamProposalGenerator(sam, CONFIG).propose(image)
    config = replace(CONFIG, low_resolution_stability=True)
    near = SamProposalGenerator(sam, config).propose(image)
    found = agreement(exact, near)
    assert abs(found.count_change) <= 0.1 * len(exact)
    assert found.oracle_iou > 0.98
    every = replace(CONFIG, stability_score_thresh=0.0, box_nms_thresh=1.0)
    exact = SamProposalGenerator(sam, every).propose(image)
    near = SamProposalGenerator(sam, replace(every, low_resolution_stability=True)).propose(image)
    assert torch.equal(exact.masks, near.masks)
    difference = (exact.stability - near.stability).nan_to_num().abs()
    assert 0 < float(difference.mean()) < 0.03


@pytest.mark.parametrize("crops", [0, 1])
def test_low_resolution_measures(sam: SamModel, image: np.ndarray, crops: int) -> None:
    """Which masks are kept is decided on logits; those that are kept are measured as ever."""
    config = replace(CONFIG, points_per_side=6, crop_n_layers=crops)
    exact = SamProposalGenerator(sam, config)
    near = SamProposalGenerator(sam, replace(config, low_resolution_measures=True))
    assert agreement(exact.propose(image), near(image)).oracle_iou > 0.8
    areas = near(image).areas_px
    assert torch.equal(areas, areas.sort(descending=True).values)
    every = replace(config, stability_score_thresh=0.0, box_nms_thresh=1.0, crop_nms_thresh=1.0)
    exact = SamProposalGenerator(sam, every).propose(image)
    near = SamProposalGenerator(sam, replace(every, low_resolution_measures=True)).propose(image)
    same = pairwise_iou(near.masks, exact.masks).argmax(1)
    assert len(near) == len(exact) if not crops else 0 <= len(exact) - len(near) < 5
    for name in ("masks", "boxes_px", "predicted_iou"):
        assert torch.equal(getattr(exact, name)[same], getattr(near, name)), name


def test_logits_measure_nearly_what_pixels_do(sam: SamModel, image: np.ndarray) -> None:
    generator = SamProposalGenerator(sam, CONFIG)
    view = generator._image_views(image.shape[:2])[0]
    with torch.inference_mode():
        pixels = generator._pixels(image, view, generator.input_size)
        side = generator._image_side(pixels, view, FiniteCheck())
        decoded = generator.decoder.decode(side, view.prompts[:20])
        best, needed = decoded.iou.argmax(1), view.resize.needed  # others may be faint
        low = generator.decoder.draw(decoded, torch.arange(20), best, needed=needed)
    low = torch.cat((low, low[:1] * 0 - 1))
    exact, near = measure_masks(low, view.resize, 1.0), measure_logits(low, view.resize, 1.0)
    assert near.areas[-1] == 0
    assert (near.boxes[-1] == 0).all()
    assert ((near.areas - exact.areas).abs() <= 0.1 * exact.areas + 70).all()
    # a lone cell may be too weak for any pixel
    assert (near.boxes - exact.boxes).abs().median() <= 256 / 128


def test_coarse_points_first(sam: SamModel, image: np.ndarray) -> None:
    exact = CountingGenerator(sam, CONFIG)
    near = CountingGenerator(sam, replace(CONFIG, coarse_step=3, coarse_confidence=0.8))
    found = agreement(exact.propose(image), near.propose(image))
    assert exact.decoded == 144
    assert 16 <= near.decoded < 120
    assert found.oracle_iou > 0.6
    every = replace(CONFIG, box_nms_thresh=1.0)  # of masks that rivals would hide, too
    exact_masks = SamProposalGenerator(sam, every).propose(image).masks
    fewer = SamProposalGenerator(sam, replace(every, coarse_step=3, coarse_confidence=0.8))
    near_masks = fewer.propose(image).masks
    assert 0 < len(near_masks) <= len(exact_masks)
    assert (pairwise_iou(near_masks, exact_masks).amax(1) > 0.999).all()


def test_coarse_masks_may_cover_all_other_points(sam: SamModel, image: np.ndarray) -> None:
    everything = replace(CONFIG, pred_iou_thresh=0.0, stability_score_thresh=0.0)
    near = CountingGenerator(sam, replace(everything, coarse_step=3, coarse_confidence=0.0))
    assert len(near.propose(image)) > 0
    assert near.decoded == 16


def test_unsure_coarse_masks_skip_nothing(sam: SamModel, image: np.ndarray) -> None:
    exact = CountingGenerator(sam, CONFIG)
    near = CountingGenerator(sam, replace(CONFIG, coarse_step=3, coarse_confidence=2.0))
    found = agreement(exact.propose(image), near.propose(image))
    assert near.decoded == exact.decoded
    assert found.count_change == 0
    assert found.min_matched_iou > 0.999


def test_bfloat16(sam: SamModel, image: np.ndarray) -> None:
    exact = SamProposalGenerator(sam, CONFIG).propose(image)
    half = load_sam("embedded").to(torch.bfloat16)
    near = SamProposalGenerator(half, CONFIG).propose(image)
    assert near.predicted_iou.dtype == torch.float32
    assert agreement(exact, near).oracle_iou > 0.8


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_compiled() -> None:
    original, config = original_sam(), replace(MANY, points_per_batch=10)
    exact = generator(original, config).propose(IMAGES["landscape"])
    near = generator(original, config, compiled=True).propose(IMAGES["landscape"])
    found = agreement(exact, near)
    assert found.count_change == 0
    assert found.min_matched_iou > 0.99


def test_padding_is_skipped(sam: SamModel, image: np.ndarray) -> None:
    exact = SamProposalGenerator(sam, replace(CONFIG, skip_padding=False))
    near = SamProposalGenerator(sam, CONFIG)
    seen: list[tuple[int, ...]] = []
    encode = near._encode

    def watched(pixels: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(pixels.shape[2:]))
        return encode(pixels)

    near._encode = watched
    found = agreement(exact.propose(image), near.propose(image))
    assert seen == [(192, 256)]
    assert found.oracle_iou > 0.9
    square = image[:, :192]
    assert torch.equal(near.propose(square).masks, exact.propose(square).masks)
    assert seen[1:] == [(256, 256)]
