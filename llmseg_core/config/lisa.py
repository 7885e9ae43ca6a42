# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method `lisa`: the seg token's state prompts SAM's own mask decoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from .calibration import Calibration
from .limits import OneOf
from .llm_seg import SegTokenConfig, SelectionConfig, without_defaults
from .settings import Settings
from .vlm import SegTokenVlmConfig, with_vlm

__all__ = ["LisaConfig"]


@dataclass(frozen=True)
class LisaConfig(Settings):
    """What `llmseg.yaml` says of LISA's VLM and SAM.

    `sam` and `llava` are each a sub-folder of the model directory, a path or a name in the local
    Hugging Face cache. `adapter` is such a place with LoRA weights, or None.
    """

    method: Annotated[str, OneOf("lisa")] = "lisa"
    """which method the directory holds"""
    profile: str = "lisa"
    """name of the model, for people"""
    sam: str = "sam"
    """SAM; its mask decoder is in `lisa.safetensors`"""
    llava: str = "llava"
    """LLaVA"""
    vlm: SegTokenVlmConfig | None = None
    """the VLM, where it is no LLaVA or its image has a limit; null takes `llava`"""
    adapter: str | None = None
    """LoRA on it"""
    seg_token: SegTokenConfig = field(default_factory=SegTokenConfig)
    """how the VLM is asked"""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """only `min_confidence` counts"""
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML."""
        return without_defaults(super().to_dict())

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> LisaConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
