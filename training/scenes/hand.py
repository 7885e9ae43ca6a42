# SPDX-License-Identifier: Apache-2.0
"""A hand with its forearm, which hides objects and carries them."""

from __future__ import annotations

import numpy as np

from .colours import RGB, shade
from .mesh import Part, ellipsoid, tube

_SKIN: tuple[RGB, ...] = (
    (0.89, 0.72, 0.6),
    (0.76, 0.56, 0.42),
    (0.55, 0.37, 0.26),
    (0.36, 0.24, 0.17),
)
_SLEEVES: tuple[RGB, ...] = (
    (0.2, 0.25, 0.4),
    (0.75, 0.75, 0.72),
    (0.15, 0.15, 0.16),
    (0.5, 0.2, 0.2),
)


def hand(rng: np.random.Generator) -> tuple[Part, ...]:
    """A right or left hand that reaches down to the origin, its forearm towards -y and up; metres.

    The four fingertips and the thumb close about the origin from both sides.
    """
    skin = _SKIN[int(rng.integers(len(_SKIN)))]
    sleeve = _SLEEVES[int(rng.integers(len(_SLEEVES)))]
    thumb = -1 if rng.random() < 0.5 else 1
    parts = [ellipsoid((0.042, 0.048, 0.018), skin).moved((0, -0.075, 0.07))]
    for number, x in enumerate((-0.03, -0.01, 0.01, 0.03)):
        reach = (0.0, 0.008, 0.006, -0.006)[number]
        path = [
            (x, -0.04, 0.07),
            (0.95 * x, -0.005 + reach, 0.066),
            (0.8 * x, 0.022 + reach, 0.04),
            (0.7 * x, 0.018 + reach, 0.008),
        ]
        parts.append(tube(path, [0.0095, 0.0095, 0.009, 0.007], skin))
    path = [
        (0.042 * thumb, -0.07, 0.065),
        (0.05 * thumb, -0.045, 0.045),
        (0.02 * thumb, -0.02, 0.01),
    ]
    parts.append(tube(path, [0.012, 0.011, 0.008], skin))
    parts.append(tube([(0, -0.1, 0.075), (0, -0.17, 0.1)], [0.026, 0.028], skin))
    parts.append(tube([(0, -0.16, 0.096), (0, -0.7, 0.32)], [0.034, 0.05], shade(sleeve, 1.0)))
    return tuple(parts)
