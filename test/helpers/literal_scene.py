# SPDX-License-Identifier: Apache-2.0
"""A scene drawn by hand, so that a test knows where everything is."""

from __future__ import annotations

import numpy as np

from llmseg_training.scenes import TABLE_ID, Scene, SceneObject

MUG_BOX = (8, 20, 24, 36)
BOOK_BOX = (36, 24, 60, 40)
"""Left, top and, just outside, right and bottom, pixels."""


def literal_scene() -> Scene:
    """A red mug (id 1) left and a blue book (id 2) right on a table; 64 x 48 pixels."""
    instances = np.zeros((48, 64), dtype=np.uint8)
    instances[16:] = TABLE_ID
    image = np.full((48, 64, 3), 90, dtype=np.uint8)
    image[16:] = (150, 120, 90)
    for box, number, colour in ((MUG_BOX, 1, (200, 30, 30)), (BOOK_BOX, 2, (30, 60, 200))):
        left, top, right, bottom = box
        instances[top:bottom, left:right] = number
        image[top:bottom, left:right] = colour
    objects = (
        SceneObject(1, "mug", "red", MUG_BOX, 16 * 16, (-0.2, 0.1, 1.0), 0.1),
        SceneObject(2, "book", "blue", BOOK_BOX, 24 * 16, (0.2, 0.1, 0.95), 0.2),
    )
    return Scene(image, instances, None, objects, seed=0)
