# SPDX-License-Identifier: Apache-2.0
"""One predicted mask as plain values for JSON."""

from __future__ import annotations

from typing import Any

from llmseg_core.images.run_lengths import encode_mask

from ..data.coco_masks import decode_mask
from .answers import Prediction

__all__ = ["prediction_of", "prediction_record"]


def prediction_record(prediction: Prediction) -> dict[str, Any]:
    """{"mask": {"size": [H, W], "counts": COCO RLE}}, "confidence" and "reason" if there are."""
    record: dict[str, Any] = {"mask": encode_mask(prediction.mask)}
    if prediction.confidence is not None:
        record["confidence"] = prediction.confidence
    if prediction.reason:
        record["reason"] = prediction.reason
    return record


def prediction_of(record: dict[str, Any], size: tuple[int, int]) -> Prediction:
    """The prediction that a record holds; more keys do no harm.

    Args:
        record: from `prediction_record`, or written by another system.
        size: (H, W) of the image.

    Raises:
        ValueError: quoting what is missing or wrong.
    """
    if "mask" not in record:
        raise ValueError(f'it has no "mask", only {", ".join(record)}')
    confidence = record.get("confidence")
    known = isinstance(confidence, int | float) and 0 <= confidence <= 1
    if confidence is not None and not known:
        raise ValueError(f'"confidence" is {confidence!r}, it must be in [0, 1]')
    reason = record.get("reason")
    return Prediction(
        decode_mask(record["mask"], size), confidence, reason if isinstance(reason, str) else ""
    )
