# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method `concept`: SAM 3 draws everything that a phrase names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .calibration import Calibration
from .limits import Between, OneOf
from .llm_seg import INSTRUCTION, SelectionConfig
from .settings import Settings
from .vlm import VlmConfig, with_vlm

__all__ = ["ConceptConfig"]


@dataclass(frozen=True)
class ConceptConfig(Settings):
    """What `llmseg.yaml` says of a namer and SAM 3.

    `sam` is a sub-folder of the model directory, a path or a name in the local Hugging Face cache.
    """

    method: Annotated[str, OneOf("concept")] = "concept"
    """which method the directory holds"""
    profile: str = "concept"
    """name of the model, for people"""
    vlm: VlmConfig | None = None
    """names what the instruction means; null takes the instruction itself as the phrase"""
    request: Annotated[str, INSTRUCTION] = (
        "{instruction} Please answer the question using a word or phrase."
    )
    """what the VLM is asked"""
    sam: str = "sam3"
    """SAM 3"""
    score_threshold: Annotated[float, Between(0, 1)] = 0.3
    """least score of a thing, its own times the presence of the phrase, [0, 1]"""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """only `min_confidence` counts"""
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> ConceptConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
