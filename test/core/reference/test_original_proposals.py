# SPDX-License-Identifier: Apache-2.0
"""The package segment-anything behind the project's interface, and its weights converted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.original_sam import original_sam
from llmseg_core import LLMSegPipeline, RuntimeConfig
from llmseg_core.config import ProposalConfig
from llmseg_core.model_dir.checkpoint import load_parts, save_parts
from llmseg_core.model_dir.original.sam import load_original_sam, sam_config_from_original
from llmseg_core.model_dir.original.state import read_original_state
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.reference.original_proposals import OriginalSamProposalGenerator
from llmseg_core.reference.original_proposals import original_sam as package_sam

CONFIG = ProposalConfig(
    points_per_side=4, pred_iou_thresh=0.2, stability_score_thresh=0.2, max_proposals=8
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small random weights in the layout of sam_vit_h_4b8939.pth."""
    path = tmp_path_factory.mktemp("sam") / "sam_vit_t.pth"
    torch.save(original_sam().state_dict(), path)
    return path


def package_generator(checkpoint: Path, config: ProposalConfig) -> OriginalSamProposalGenerator:
    """The package itself on the weights of a file."""
    state = read_original_state(checkpoint)
    sam = package_sam(sam_config_from_original(state), state)
    return OriginalSamProposalGenerator(sam, config)


@pytest.mark.parametrize(
    "config",
    [CONFIG, replace(CONFIG, box_nms_thresh=1.0), replace(CONFIG, max_image_side=40)],
    ids=["plain", "all", "shrunk"],
)
def test_same_masks_through_the_package_and_by_conversion(
    checkpoint: Path, image: np.ndarray, config: ProposalConfig
) -> None:
    original = package_generator(checkpoint, config)(image)
    converted = SamProposalGenerator(load_original_sam(checkpoint), config)(image)
    assert 2 <= len(original) == len(converted) <= 8
    assert original.image_size == image.shape[:2]
    shared = (original.masks & converted.masks).flatten(1).sum(1)
    union = (original.masks | converted.masks).flatten(1).sum(1)
    assert (shared >= 0.999 * union).all()
    torch.testing.assert_close(original.predicted_iou, converted.predicted_iou, atol=1e-4, rtol=0)
    torch.testing.assert_close(original.points, converted.points)


def test_in_a_pipeline(checkpoint: Path, pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    own = LLMSegPipeline(
        package_generator(checkpoint, CONFIG),
        pipeline.mask_embedder,
        pipeline.seg_token_encoder,
        pipeline.selector,
        pipeline.config,
    )
    assert own.segment(image, "the cup").mask.shape == image.shape[:2]


@pytest.mark.usefixtures("fast_halves")
def test_a_model_directory_may_point_at_a_checkpoint(
    checkpoint: Path, parts: ModelParts, tmp_path: Path, image: np.ndarray
) -> None:
    folder = tmp_path / "model"
    save_parts(parts, folder)
    (folder / "llmseg.yaml").write_text(
        (folder / "llmseg.yaml").read_text().replace("sam: sam", f"sam: {checkpoint}")
    )
    loaded = load_parts(folder, RuntimeConfig(dtype="bfloat16", attention="eager")).sam
    assert loaded.dtype == torch.bfloat16
    assert loaded.config.vision_config._attn_implementation == "eager"
    sam = load_parts(folder).sam
    assert torch.equal(
        sam.vision_encoder.pos_embed, load_original_sam(checkpoint).vision_encoder.pos_embed
    )
    expected = package_generator(checkpoint, CONFIG)(image)
    assert len(SamProposalGenerator(sam, CONFIG)(image)) == len(expected) > 0


def test_nothing_passes(checkpoint: Path, image: np.ndarray) -> None:
    strict = replace(CONFIG, pred_iou_thresh=100.0)
    found = package_generator(checkpoint, strict)(image)
    assert len(found) == 0
    assert found.image_size == image.shape[:2]


def test_errors(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="the image has dtype"):
        package_generator(checkpoint, CONFIG)(np.zeros((4, 4, 3)))
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    with pytest.raises(ImportError, match="pip install segment-anything"):
        package_generator(checkpoint, CONFIG)
