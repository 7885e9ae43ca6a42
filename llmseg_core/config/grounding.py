# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method `grounding`: a VLM answers with boxes and points."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

from .calibration import Calibration
from .limits import OneOf
from .llm_seg import INSTRUCTION, SelectionConfig
from .settings import Settings
from .values import require
from .vlm import VlmConfig, with_vlm

__all__ = ["BoxFormat", "GroundingConfig"]


class BoxFormat(str, Enum):
    """What the numbers of a model mean."""

    ABSOLUTE = "absolute"
    """pixels of the image as it was resized for the model (Qwen2.5-VL, VisionReasoner)"""
    THOUSAND = "thousand"
    """thousandths of the image's width and height (Qwen3-VL, Qwen3.5, GLM)"""
    LOC = "loc"
    """tokens <loc_0> to <loc_999>, thousandths after the words they belong to (Florence-2)"""


@dataclass(frozen=True)
class GroundingConfig(Settings):
    """What `llmseg.yaml` says of a grounding VLM and a promptable segmenter.

    `sam` is a sub-folder of the model directory, a path or a name in the local Hugging Face cache.
    Which network a folder holds is read from its `config.json`.
    """

    method: Annotated[str, OneOf("grounding")] = "grounding"
    """which method the directory holds"""
    profile: str = "grounding"
    """name of the model, for people"""
    vlm: VlmConfig = field(default_factory=lambda: VlmConfig(path="vlm"))
    """Qwen2.5-VL, Qwen3-VL, a model trained from one of them, or a server"""
    question: Annotated[str, INSTRUCTION] = (
        "Find everything in the image that is meant by: {instruction}\n"
        'Answer with a JSON list of objects {{"bbox_2d": [x1, y1, x2, y2], "label": "name"}}, one '
        "for each thing. Answer [] if nothing in the image fits."
    )
    """what the VLM is asked"""
    box_format: BoxFormat | None = None
    """what the numbers in its answer mean; null means "absolute" for a Qwen2.5-VL and "thousand"
    for a Qwen3-VL; of a server it must be said"""
    presence: Annotated[str, INSTRUCTION] | None = (
        "Is there anything in the image that is meant by: {instruction}\nAnswer yes or no."
    )
    """the question whose share of yes counts for the confidence; null asks none"""
    sam: str = "sam"
    """SAM, SAM-HQ or SAM 2"""
    best_of_three: bool = True
    """whether of three masks a target the one with the highest predicted IoU is taken"""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """only `min_confidence` counts"""
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.vlm.url is None or self.box_format is not None,
            "box_format",
            self.box_format,
            "absolute, thousand or loc, since what a server's numbers mean cannot be seen",
        )

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> GroundingConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
