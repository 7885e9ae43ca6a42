# SPDX-License-Identifier: Apache-2.0
"""A LISA of the real classes in the smallest size, with random weights."""

from __future__ import annotations

from pathlib import Path

import torch

from helpers.tiny_model import tiny_config, tiny_parts
from llmseg_core.config import LisaConfig
from llmseg_core.model_dir.lisa_files import LisaParts, save_lisa
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.prompted.seg_prompt import SegPromptDecoder


def tiny_lisa_parts(parts: ModelParts | None = None) -> LisaParts:
    """The same weights at every call; masks are neither empty nor full.

    Args:
        parts: SAM and VLM; None takes those of `tiny_parts`.
    """
    parts = parts or tiny_parts()
    config = LisaConfig(profile="tiny", seg_token=tiny_config().seg_token)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        decoder = SegPromptDecoder(parts.sam, parts.llava.config.text_config.hidden_size)
        decoder.seg_projection[2].weight.data *= 8
    return LisaParts(config, parts.sam, parts.llava, parts.tokenizer, decoder.eval())


def save_tiny_lisa(folder: Path, parts: ModelParts | None = None) -> Path:
    """Write its model directory."""
    save_lisa(tiny_lisa_parts(parts), folder)
    return folder
