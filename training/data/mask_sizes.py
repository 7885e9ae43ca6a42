# SPDX-License-Identifier: Apache-2.0
"""Masks that were annotated at another size than that of the image on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from llmseg_core.metrics.mask_iou import resize_nearest

from .coco_masks import decode_mask

__all__ = ["decode_resized"]


def decode_resized(code: Any, annotated: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Read COCO's field "segmentation" at the size of the annotation, and resize it to the image's.

    Args:
        code: see `decode_mask`; an RLE says its own size.
        annotated: (H, W) in whose pixels polygons are given.
        size: (H, W) of the image on disk.

    Returns:
        (H, W) bool, of the image's size; each pixel takes what lies under its centre.

    Raises:
        ValueError: if the mask cannot be read.
    """
    first = code[0] if isinstance(code, list) and code else code
    own = first.get("size") if isinstance(first, Mapping) else annotated
    if not isinstance(own, list | tuple) or len(own) != 2:
        raise ValueError(f"the mask's size is {own!r}, it must be [H, W]")
    return resize_nearest(decode_mask(code, (own[0], own[1])), size)
