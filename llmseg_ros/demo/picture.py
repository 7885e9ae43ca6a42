# SPDX-License-Identifier: Apache-2.0
"""The images of one outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """What one outcome looks like.

    Attributes:
        overlay: (H, W, 3) uint8 RGB, what the node published.
        image: (H, W, 3) uint8 RGB, what the camera showed.
        target: (H, W) bool, the right answer.
    """

    overlay: NDArray[np.uint8]
    image: NDArray[np.uint8]
    target: NDArray[np.bool_]
