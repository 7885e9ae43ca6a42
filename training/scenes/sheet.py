# SPDX-License-Identifier: Apache-2.0
"""A contact sheet of scenes with each object's box and name, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene import Scene


def _labelled(scene: Scene) -> NDArray[np.uint8]:
    """The scene at twice its size with boxes and names drawn in."""
    picture = cv2.resize(scene.image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for item in scene.objects:
        x0, y0, x1, y1 = (2 * side for side in item.box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), (255, 255, 255), 1)
        text = f"{item.colour} {item.category}"
        for colour, thickness in (((0, 0, 0), 3), ((255, 255, 0), 1)):
            cv2.putText(
                picture, text, (x0 + 2, y0 + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness
            )
    return np.asarray(picture, dtype=np.uint8)


def contact_sheet(scenes: Sequence[Scene], columns: int = 3) -> NDArray[np.uint8]:
    """The scenes (at least one, all of one size) labelled, in a grid (H', W', 3) RGB."""
    if not scenes:
        raise ValueError("a contact sheet needs at least one scene")
    tiles = [_labelled(scene) for scene in scenes]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [
        np.concatenate(tiles[start : start + columns], axis=1)
        for start in range(0, len(tiles), columns)
    ]
    return np.concatenate(rows, axis=0)
