# SPDX-License-Identifier: Apache-2.0
"""Segmentation by natural-language instructions, from image and words to mask.

Knows neither ROS nor training. The names below are imported when they are first used, so that
`import llmseg_core` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import LLMSegConfig, RuntimeConfig, SelectionConfig, SelectionRule
    from .embeddings.mask_embedder import ImageEncoder, MaskEmbedder
    from .images.overlay import draw_overlay
    from .methods.llm_seg import LLMSegPipeline
    from .methods.method import load_method
    from .metrics.mask_iou import MaskIoUMetric
    from .proposals.generator import ProposalGenerator
    from .types import FrameEncoding, Proposals, Segmentation
    from .vlm.prompts import SEG_TOKEN

__all__ = [
    "SEG_TOKEN",
    "FrameEncoding",
    "ImageEncoder",
    "LLMSegConfig",
    "LLMSegPipeline",
    "MaskEmbedder",
    "MaskIoUMetric",
    "ProposalGenerator",
    "Proposals",
    "RuntimeConfig",
    "Segmentation",
    "SelectionConfig",
    "SelectionRule",
    "draw_overlay",
    "load_method",
]

_MODULES = {
    "SEG_TOKEN": "vlm.prompts",
    "FrameEncoding": "types",
    "ImageEncoder": "embeddings.mask_embedder",
    "LLMSegConfig": "config",
    "LLMSegPipeline": "methods.llm_seg",
    "MaskEmbedder": "embeddings.mask_embedder",
    "MaskIoUMetric": "metrics.mask_iou",
    "ProposalGenerator": "proposals.generator",
    "Proposals": "types",
    "RuntimeConfig": "config",
    "Segmentation": "types",
    "SelectionConfig": "config",
    "SelectionRule": "config",
    "draw_overlay": "images.overlay",
    "load_method": "methods.method",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
