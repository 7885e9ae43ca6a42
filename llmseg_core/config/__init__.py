# SPDX-License-Identifier: Apache-2.0
"""Settings: dataclasses with the unit beside each field, read from YAML strictly.

A bad value is refused when the object is made, with the value in the message.
"""

from .calibration import Calibration, ChanceCurve
from .concept import ConceptConfig
from .expected_iou import ExpectedIoU
from .grounding import BoxFormat, GroundingConfig
from .lisa import LisaConfig
from .llm_seg import (
    PAPER_RULES,
    ImageEncoderConfig,
    ImageEncoderKind,
    LLMSegConfig,
    ProposalConfig,
    SegTokenConfig,
    SelectionConfig,
    SelectionRule,
    SelectorConfig,
)
from .marks import MarksConfig
from .presence import Presence
from .runtime import RuntimeConfig
from .two_stage import TwoStageConfig
from .vlm import SegTokenVlmConfig, VlmConfig

__all__ = [
    "PAPER_RULES",
    "BoxFormat",
    "Calibration",
    "ChanceCurve",
    "ConceptConfig",
    "ExpectedIoU",
    "GroundingConfig",
    "ImageEncoderConfig",
    "ImageEncoderKind",
    "LLMSegConfig",
    "LisaConfig",
    "MarksConfig",
    "Presence",
    "ProposalConfig",
    "RuntimeConfig",
    "SegTokenConfig",
    "SegTokenVlmConfig",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
    "TwoStageConfig",
    "VlmConfig",
]
