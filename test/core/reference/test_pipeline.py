# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from llmseg_core import LLMSegPipeline, SelectionConfig, SelectionRule
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.reference.pipeline import ReferencePipeline

TOP = SelectionConfig(SelectionRule.TOP_IOU)


@pytest.mark.parametrize("size", [(64, 48), (250, 187), (300, 301)])
def test_scores_and_masks_are_the_published_ones(
    parts: ModelParts, image: np.ndarray, size: tuple[int, int]
) -> None:
    """Also of images that are shrunk before anything is proposed."""
    shrunk_above = replace(parts.config.proposals, max_image_side=100)
    parts = replace(parts, config=replace(parts.config, proposals=shrunk_above))
    large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    ours = LLMSegPipeline.from_parts(parts).segment(large, "the green thing", TOP)
    published = ReferencePipeline(parts).segment(large, "the green thing", TOP)
    assert len(ours.candidates) > 0
    torch.testing.assert_close(ours.candidates.iop, published.scores.iop[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(
        ours.candidates.iou_score, published.scores.iou_score[0], atol=1e-4, rtol=0
    )
    assert ours.mask.shape == published.mask.shape == large.shape[:2]
    differing = np.count_nonzero(ours.mask != published.mask)
    assert differing <= 0.001 * ours.mask.size  # a pixel on one half is rounded either way
    assert ours.found
