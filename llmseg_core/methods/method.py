# SPDX-License-Identifier: Apache-2.0
"""The interface of a method: what is done once a frame, and what is done once an instruction.

The node, the command line, evaluation, benchmark and demo know a method by this alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_core.model_dir.checkpoint import method_name
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.types import Segmentation

from .llm_seg import LLMSegPipeline

__all__ = ["EncodedFrame", "Method", "load_method"]


class EncodedFrame(Protocol):
    """One image as a method has encoded it; what else is in it is the method's own affair."""

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image in pixels."""

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """Wall time of each stage in milliseconds."""

    @property
    def total_ms(self) -> float:
        """Wall time of all stages together, which is less where some overlap."""


class Method(Protocol):
    """Anything that segments what an instruction means."""

    @property
    def profile(self) -> str:
        """Name of the model, for people."""

    @property
    def selection(self) -> SelectionConfig:
        """The rule and the thresholds that hold where the caller names none."""

    def encode_frame(self, image: np.ndarray) -> Any:
        """Everything about an image that does not depend on the instruction: an `EncodedFrame`.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is of another type, shape or dtype, or has no pixel.
        """

    def segment(
        self, frame: Any, instruction: str, selection: SelectionConfig | None = None
    ) -> Segmentation:
        """The answer to one instruction about a frame.

        Args:
            frame: from this method's `encode_frame`.
            instruction: what to segment, in words.
            selection: rule and thresholds; None takes the model's.

        Raises:
            ValueError: if the instruction is empty, or the method cannot take it.
        """

    def segment_batch(
        self, frame: Any, instructions: Sequence[str], selection: SelectionConfig | None = None
    ) -> list[Segmentation]:
        """The answers to several instructions about one frame, in their order; see `segment`."""


def load_method(
    directory: str | Path = "embedded",
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> Method:
    """The method of a model directory, as `method` in its `llmseg.yaml` says.

    Args:
        directory: a path, or "embedded" for the model that comes with the package.
        runtime: device, number format and attention implementation; None means a CPU.
        shared: networks of other models, of which those with the same files are used again.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if its contents do not fit together, there is no such method, or the device is
            not there.
    """
    name = method_name(directory)
    if name not in _METHODS:
        known = ", ".join(_METHODS)
        raise ValueError(f"{directory}: method is {name!r}, it must be one of {known}")
    return _METHODS[name](directory, runtime, shared)


_METHODS = {"llm_seg": LLMSegPipeline.from_pretrained}
