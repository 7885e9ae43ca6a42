# SPDX-License-Identifier: Apache-2.0
"""The interface of a method: what is done once a frame, and what is done once an instruction.

The node, the command line, evaluation, benchmark and demo know a method by this alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from llmseg_core.config import Calibration, RuntimeConfig, SelectionConfig
from llmseg_core.model_dir.checkpoint import inspect_model
from llmseg_core.model_dir.directory import method_name
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.types import Segmentation

from .concept import Concept
from .description import MethodDescription
from .grounding import GroundingMethod
from .lisa import Lisa
from .llm_seg import LLMSegPipeline
from .marks import Marks
from .two_stage import TwoStage

__all__ = ["EncodedFrame", "Method", "inspect_method", "load_method"]


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
    """Anything that segments what an instruction means.

    Attributes:
        calibration: what makes confidences chances; None leaves them as the method's own scores.
    """

    calibration: Calibration | None

    @property
    def profile(self) -> str:
        """Name of the model, for people."""

    @property
    def description(self) -> MethodDescription:
        """What it is and understands."""

    @property
    def trouble(self) -> str:
        """Why it cannot answer now, for people, such as a server that is away; "" while it can."""

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
            ConnectionError, TimeoutError: if a part of it is behind an address that does not
                answer; the next call asks again.
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
    return _of_method(_METHODS, directory)(directory, runtime, shared)


def inspect_method(directory: str | Path) -> None:
    """See whether a directory is a model's whose parts are all there; reads no weights.

    Raises:
        FileNotFoundError: if the directory or a part of it is missing.
        ValueError: if its configuration is wrong, or there is no such method.
    """
    _of_method(_INSPECTIONS, directory)(directory)


_METHODS: dict[str, Callable[[str | Path, RuntimeConfig | None, SharedNetworks | None], Method]] = {
    "llm_seg": LLMSegPipeline.from_pretrained,
    "two_stage": TwoStage.from_pretrained,
    "grounding": GroundingMethod.from_pretrained,
    "lisa": Lisa.from_pretrained,
    "marks": Marks.from_pretrained,
    "concept": Concept.from_pretrained,
}
_INSPECTIONS: dict[str, Callable[[str | Path], object]] = {
    "llm_seg": inspect_model,
    "two_stage": TwoStage.inspect,
    "grounding": GroundingMethod.inspect,
    "lisa": Lisa.inspect,
    "marks": Marks.inspect,
    "concept": Concept.inspect,
}

T = TypeVar("T")


def _of_method(table: Mapping[str, T], directory: str | Path) -> T:
    """The entry of a directory's method."""
    name = method_name(directory)
    if name not in table:
        raise ValueError(
            f"{directory}: method is {name!r}, it must be one of {', '.join(table)}; a newer "
            f"version of llmseg may know it"
        )
    return table[name]
