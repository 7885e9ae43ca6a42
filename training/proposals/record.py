# SPDX-License-Identifier: Apache-2.0
"""How the proposals of one image are stored: plain numbers, and COCO run lengths for masks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.run_lengths import decode_counts, encode_counts
from llmseg_core.types import Proposals

__all__ = ["image_digest", "proposals_of", "proposals_record"]


def image_digest(image: np.ndarray) -> str:
    """16 hexadecimal digits that tell one (H, W, 3) uint8 image from all others."""
    pixels = np.ascontiguousarray(check_image(image))
    code = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=8)
    code.update(pixels.data)
    return code.hexdigest()


def proposals_record(proposals: Proposals) -> dict[str, Any]:
    """Proposals as plain lists; see `proposals_of`."""
    return {
        "size": list(proposals.masks.shape[1:]),
        "image_size": list(proposals.image_size),
        "rle": [encode_counts(mask) for mask in proposals.masks.numpy()],
        "boxes": proposals.boxes_px.tolist(),
        "predicted_iou": proposals.predicted_iou.tolist(),
        "stability": proposals.stability.tolist(),
        "points": proposals.points.tolist(),
    }


def proposals_of(record: Mapping[str, Any]) -> Proposals:
    """The proposals that `proposals_record` made plain.

    Raises:
        ValueError, KeyError, TypeError: if a part is missing or not as it must be.
    """
    height, width = record["size"]
    image_size = tuple(record.get("image_size", record["size"]))  # older: masks of that size
    if not record["rle"]:
        return Proposals.empty(image_size)
    masks = np.stack([decode_counts(text, (height, width)) for text in record["rle"]])
    return Proposals(
        torch.from_numpy(masks),
        torch.tensor(record["boxes"], dtype=torch.float32),
        torch.tensor(record["predicted_iou"], dtype=torch.float32),
        torch.tensor(record["stability"], dtype=torch.float32),
        torch.tensor(record["points"], dtype=torch.float32),
        image_size,
    )
