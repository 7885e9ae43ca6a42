# SPDX-License-Identifier: Apache-2.0
"""A model directory of the embedded profile's classes with random weights and few proposals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.model_dir import networks as build
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.tokenizer import build_tokenizer

SELECTION = SelectionConfig(rule=SelectionRule.TOP_IOU, iop_threshold=0.25)
"""Always finds something, and differs from the default where a test looks."""


def save_small_model(directory: Path) -> None:
    """Writes it: 16 prompt points, no proposal thrown away, a rule that always finds something."""
    config = build.embedded_config()
    proposals = replace(
        config.proposals, points_per_side=4, pred_iou_thresh=-100.0, stability_score_thresh=0.0
    )
    config = replace(config, proposals=proposals, selection=SELECTION)
    tokenizer = build_tokenizer(["the mug", "something to drink from"], vocab_size=300)
    parts = ModelParts(
        config,
        build.build_embedded_sam(),
        build.build_embedded_dinov2(),
        build.build_embedded_llava(tokenizer),
        tokenizer,
        build.build_selector(config.selector),
    )
    save_parts(parts, directory)
