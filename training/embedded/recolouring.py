# SPDX-License-Identifier: Apache-2.0
"""Things in other colours: what a SAM learns of few things shall hold for others, too."""

from __future__ import annotations

import numpy as np

__all__ = ["recoloured"]

GAINS = 0.5, 1.5
"""of each channel"""


def recoloured(
    image: np.ndarray, instances: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """An image in which some things have other colours; shades and textures stay.

    The channels of a thing change places, and each becomes darker or brighter.

    Args:
        image: (H, W, 3) uint8 RGB.
        instances: (H, W) uint8, what is where; the background is a thing like others.
        share: how likely it is that a thing is recoloured, [0, 1].
        rng: of the draws.

    Returns:
        (H, W, 3) uint8.
    """
    changed = image.astype(np.float32)
    for number in np.unique(instances):
        if rng.random() < share:
            inside = instances == number
            channels = changed[inside][:, rng.permutation(3)]
            changed[inside] = channels * rng.uniform(*GAINS, 3).astype(np.float32)
    return np.clip(changed, 0, 255).astype(np.uint8)
