# SPDX-License-Identifier: Apache-2.0
"""What the parameters of the cameras may be, with the reason where they are not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmseg_ros.error_log import shortened

__all__ = ["RAW", "camera_names", "camera_weights", "transports_compressed"]

RAW, COMPRESSED = "raw", "compressed"
"""the values of the parameter `image_transport`"""

CAMERA_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
MOST_CAMERAS = 32
LEAST_WEIGHT, MOST_WEIGHT = 0.01, 100.0


def transports_compressed(value: object) -> bool:
    """Whether an `image_transport` is of CompressedImage; raises ValueError for a bad one."""
    if value not in (RAW, COMPRESSED):
        raise ValueError(f"image_transport is {value!r}, it must be {RAW} or {COMPRESSED}")
    return bool(value == COMPRESSED)


def camera_names(names: Sequence[str]) -> list[str]:
    """The names that are not empty; raises ValueError for a bad one."""
    given = [name for name in names if name]
    for name in given:
        if not CAMERA_NAME.fullmatch(name):
            raise ValueError(
                f"cameras has {shortened(name)!r}, a name must be a letter, then letters, digits "
                "and _, 64 at most"
            )
    if len(set(given)) < len(given):
        raise ValueError(f"cameras is {given}, no name may be there twice")
    if len(given) > MOST_CAMERAS:
        raise ValueError(f"cameras has {len(given)} names, {MOST_CAMERAS} at most are served")
    return given


def camera_weights(names: Sequence[str], weights: Sequence[float]) -> list[float]:
    """One weight for each camera; raises ValueError for a bad one."""
    count = len(camera_names(names)) or 1
    for weight in weights:
        if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
            raise ValueError(
                f"camera_weights has {weight:g}, a weight must be from {LEAST_WEIGHT:g} to "
                f"{MOST_WEIGHT:g}"
            )
    if len(weights) not in (1, count):
        raise ValueError(
            f"camera_weights has {len(weights)} numbers for {count} cameras: give one for each, or "
            "a single one for all"
        )
    return [float(weight) for weight in weights] * (count if len(weights) == 1 else 1)
