# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method `two_stage`: name, locate, draw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .calibration import Calibration
from .limits import Between, OneOf
from .llm_seg import INSTRUCTION, SelectionConfig
from .settings import Settings
from .vlm import VlmConfig, with_vlm

__all__ = ["TwoStageConfig"]


@dataclass(frozen=True)
class TwoStageConfig(Settings):
    """What `llmseg.yaml` says of a namer, a locator and a promptable segmenter.

    `locator` and `sam` are each a sub-folder of the model directory, a path or a name in the local
    Hugging Face cache. Which network a folder holds is read from its `config.json`.
    """

    method: Annotated[str, OneOf("two_stage")] = "two_stage"
    """which method the directory holds"""
    profile: str = "two_stage"
    """name of the model, for people"""
    vlm: VlmConfig | None = None
    """names what the instruction means; null takes the instruction itself as the phrase"""
    request: Annotated[str, INSTRUCTION] = (
        "{instruction} Please answer the question using a word or phrase."
    )
    """what the VLM is asked (the request is the paper's, section 5.1.2)"""
    locator: str = "locator"
    """GroundingDINO, MM-GroundingDINO, OWLv2, OmDet-Turbo or Florence-2"""
    score_threshold: Annotated[float, Between(0, 1)] = 0.3
    """least score of a box, [0, 1]; Florence-2 gives no scores"""
    sam: str = "sam"
    """SAM, SAM-HQ or SAM 2"""
    best_of_three: bool = True
    """whether of three masks a box the one with the highest predicted IoU is taken, or the single
    mask, as Grounded-SAM has it"""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """only `min_confidence` counts"""
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> TwoStageConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
