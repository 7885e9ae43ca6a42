# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method `marks`: numbered proposals, and a VLM that names the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .calibration import Calibration
from .limits import OneOf
from .llm_seg import INSTRUCTION, ProposalConfig, SelectionConfig
from .settings import Settings
from .vlm import VlmConfig, with_vlm

__all__ = ["MarksConfig"]


@dataclass(frozen=True)
class MarksConfig(Settings):
    """What `llmseg.yaml` says of a SAM that proposes and a VLM that chooses.

    `sam` is a sub-folder of the model directory, a path or a name in the local Hugging Face cache.
    """

    method: Annotated[str, OneOf("marks")] = "marks"
    """which method the directory holds"""
    profile: str = "marks"
    """name of the model, for people"""
    vlm: VlmConfig = field(default_factory=lambda: VlmConfig(path="vlm"))
    """a VLM that answers in words, or a server"""
    sam: str = "sam"
    """SAM, SAM-HQ or SAM 2, whose everything mode proposes"""
    proposals: ProposalConfig = field(default_factory=lambda: ProposalConfig(max_proposals=30))
    """of everything mode; `max_proposals` is the highest number that is drawn"""
    question: Annotated[str, INSTRUCTION] = (
        "Things in the image are outlined, and each has a number. Which numbers are meant by: "
        "{instruction}\nAnswer with a JSON list of numbers, such as [3] or [2, 5], or [] if none "
        "is."
    )
    """what the VLM is asked"""
    presence: Annotated[str, INSTRUCTION] | None = (
        "Is there anything in the image that is meant by: {instruction}\nAnswer yes or no."
    )
    """the question whose share of yes counts for the confidence; null asks none"""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """only `min_confidence` counts"""
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> MarksConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
