# SPDX-License-Identifier: Apache-2.0
"""A model that is loaded when it is first asked; answers that are stored need none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from llmseg_core.config import Calibration, SelectionConfig
from llmseg_core.methods.method import Method
from llmseg_core.types import Segmentation

__all__ = ["LateMethod"]


class LateMethod:
    """What evaluation needs of a method, whose networks are read only if it is asked.

    Args:
        load: reads it.
        selection: its rule and thresholds, as its directory says; None means the usual ones.
        calibration: of its confidences, likewise.
    """

    def __init__(
        self,
        load: Callable[[], Method],
        selection: SelectionConfig | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._load = load
        self.selection, self.calibration = selection or SelectionConfig(), calibration

    @cached_property
    def _method(self) -> Method:
        return self._load()

    def encode_frame(self, image: np.ndarray) -> Any:
        """See `Method`."""
        return self._method.encode_frame(image)

    def segment_batch(self, frame: Any, instructions: Sequence[str]) -> list[Segmentation]:
        """See `Method`."""
        return self._method.segment_batch(frame, instructions)
