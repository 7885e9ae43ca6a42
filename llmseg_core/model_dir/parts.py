# SPDX-License-Identifier: Apache-2.0
"""The networks of one model, before they are put together."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import (
    ConvNextModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Sam2Model,
    SamHQModel,
    SamModel,
)

from llmseg_core.config import LLMSegConfig
from llmseg_core.embeddings.dinov2 import Dino
from llmseg_core.familiarity.seen_images import SeenImages
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.vlm_image import VlmPixels

__all__ = ["ModelParts"]


@dataclass(frozen=True)
class ModelParts:
    """What a model directory holds.

    Attributes:
        config: sizes, templates and thresholds.
        sam: proposes masks, SAM, SAM-HQ or SAM 2.
        dinov2: encodes the image, a DINOv2 or DINOv3; None where another network does.
        llava: the VLM, LLaVA or another.
        tokenizer: the VLM's tokenizer, with the seg token.
        selector: all other trained weights.
        convnext: encodes the image instead of DINOv2, or None.
        pixels: how the VLM's images are made; None is LLaVA's way.
        seen_images: what the images of the training looked like to the networks; None if unknown.
    """

    config: LLMSegConfig
    sam: SamModel | SamHQModel | Sam2Model
    dinov2: Dino | None
    llava: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    selector: MaskSelector
    convnext: ConvNextModel | None = None
    pixels: VlmPixels | None = None
    seen_images: SeenImages | None = None
