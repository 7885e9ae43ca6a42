# SPDX-License-Identifier: Apache-2.0
"""Settings: dataclasses with the unit beside each field, read from YAML strictly.

A bad value is refused when the object is made, with the value in the message.
"""

from .llm_seg import (
    ImageEncoderConfig,
    ImageEncoderKind,
    LLMSegConfig,
    ProposalConfig,
    SegTokenConfig,
    SelectionConfig,
    SelectionRule,
    SelectorConfig,
)
from .runtime import RuntimeConfig

__all__ = [
    "ImageEncoderConfig",
    "ImageEncoderKind",
    "LLMSegConfig",
    "ProposalConfig",
    "RuntimeConfig",
    "SegTokenConfig",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
]
