# SPDX-License-Identifier: Apache-2.0
"""Small pictures and masks, and files of them, for tests of data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = (48, 64)
"""(H, W) of all of them."""


def picture(seed: int) -> np.ndarray:
    """(48, 64, 3) uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def box_mask(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    """(48, 64) bool, true within the box."""
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


def write_picture(path: Path, seed: int = 0) -> np.ndarray:
    """Write `picture(seed)`; returns what a reader sees, also of a lossy format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed)).save(path)
    return np.array(Image.open(path))


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
