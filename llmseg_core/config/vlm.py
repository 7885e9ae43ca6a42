# SPDX-License-Identifier: Apache-2.0
"""Which VLM answers in words: one in this process, or one behind an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from .limits import Above, AtLeast
from .settings import Settings
from .values import require

__all__ = ["SegTokenVlmConfig", "VlmConfig", "with_vlm"]


@dataclass(frozen=True)
class VlmConfig(Settings):
    """A VLM: `path`, or `url` and `model`.

    In `llmseg.yaml` a path alone may stand for the section: `vlm: ../Qwen3-VL-4B-Instruct`.
    """

    path: str | None = None
    """sub-folder of the model directory, a path, or a name in the local Hugging Face cache"""
    url: str | None = None
    """of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; nothing else is called"""
    model: str = ""
    """name of the model at that server"""
    timeout_s: Annotated[float, Above(0)] = 30.0
    """seconds that the server may take for an answer"""
    max_tokens: Annotated[int, AtLeast(1)] = 512
    """most tokens of an answer"""
    max_pixels: Annotated[int, AtLeast(784)] | None = None
    """most pixels of the image that a Qwen VLM or the server gets; None takes the VLM's own limit,
    and 1003520 (28 x 28 x 1280) for a server"""
    square: Annotated[int, AtLeast(28)] | None = None
    """pixels a side that a Qwen VLM's or the server's image is stretched to, where the VLM was
    trained so (VisionReasoner: 840); None keeps the image's shape"""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [name for name in ("path", "url") if getattr(self, name) is not None]
        require(len(given) == 1, "vlm", given, "either a path, or a url and a model")
        require(
            self.url is None or bool(self.model.strip()),
            "model",
            self.model,
            "the name of the model at the url",
        )


@dataclass(frozen=True)
class SegTokenVlmConfig(Settings):
    """A VLM with a seg token: LLaVA, Qwen2.5-VL, Qwen3-VL or SmolVLM, as its `config.json` says.

    In `llmseg.yaml` a path alone may stand for the section.
    """

    path: str = "vlm"
    """sub-folder of the model directory, a path, or a name in the local Hugging Face cache"""
    max_pixels: Annotated[int, AtLeast(784)] | None = None
    """most pixels of the image that it gets, where it takes images of any size; null takes its own
    limit"""
    square: Annotated[int, AtLeast(28)] | None = None
    """pixels a side that a Qwen VLM's image is stretched to; null keeps the image's shape"""


def with_vlm(values: Any) -> Any:
    """Plain values in which a path that stands for the section `vlm` is the section."""
    if isinstance(values, dict) and isinstance(values.get("vlm"), str):
        return {**values, "vlm": {"path": values["vlm"]}}
    return values
