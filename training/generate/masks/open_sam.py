# SPDX-License-Identifier: Apache-2.0
"""Opens the SAM that a recipe names."""

from __future__ import annotations

from dataclasses import replace

from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.checkpoint import load_config, load_sam, model_directory
from llmseg_core.model_dir.proposers import build_proposals, promptable

from .box_masks import Masker
from .mask_checks import MaskRules

__all__ = ["open_masker"]


def open_masker(model: str | None, rules: MaskRules, runtime: RuntimeConfig) -> Masker:
    """A masker with the SAM of a model directory; without one it masks nothing, and checks alone.

    Raises:
        OSError, ValueError: if it cannot be opened.
    """
    if model is None:
        return Masker(None, None, rules)
    sam = load_sam(model, replace(runtime, dtype="float32"))
    config = load_config(model_directory(model)).proposals
    return Masker(promptable(sam), build_proposals(sam, config), rules)
