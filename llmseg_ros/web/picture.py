# SPDX-License-Identifier: Apache-2.0
"""What the page draws, as bytes: numbers as JSON, then the camera's image as a JPEG."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import cv2
import numpy as np

from llmseg_core.images.run_lengths import encode_mask
from llmseg_core.types import Segmentation

from .camera_view import Shown

__all__ = ["candidate_outlines", "picture_bytes"]

LONGEST_SIDE = 1280
"""pixels of the picture that is sent; a larger image is shrunk"""
JPEG_QUALITY = 82
MOST_BARS = 50
"""candidates whose scores are told"""


def picture_bytes(shown: Shown, full: Segmentation | None) -> bytes:
    """A picture: the length of the JSON, 4 bytes, little end first; the JSON; the JPEG.

    Args:
        shown: what is shown; an answer that was carried along has no candidates of its own.
        full: the last full answer; its candidates and presence are told if it is to the same
            instruction.

    Raises:
        Exception: whatever reading the camera's image raises.
    """
    image = shown.frame.image
    facts: dict[str, Any] = {
        "number": shown.number,
        "size": [int(image.shape[0]), int(image.shape[1])],
        "age_ms": round(shown.age_ms, 1),
        "rate_hz": round(shown.rate_hz, 2),
        "answer": None,
    }
    if shown.answer is not None:
        facts["answer"] = {
            **_answer(shown.answer.segmentation),
            **_of_full(shown.answer.segmentation.instruction, full),
            "followed": shown.answer.key is not None,
            "track_id": shown.answer.track_id,
        }
    head = json.dumps(facts, ensure_ascii=True, allow_nan=False).encode()
    return struct.pack("<I", len(head)) + head + _jpeg(image)


def candidate_outlines(answer: Segmentation) -> list[dict[str, Any]]:
    """The candidates of an answer, most likely first: mask, score, whether it was taken."""
    masks = answer.candidates.masks.cpu().numpy()
    scores = answer.candidates.score.tolist()
    order = sorted(range(len(scores)), key=lambda index: -_known(scores[index]))
    return [
        {
            "index": index,
            "mask": encode_mask(masks[index]),
            "score": _number(scores[index]),
            "selected": index in answer.selection.indices,
        }
        for index in order[:MOST_BARS]
    ]


def _answer(answer: Segmentation) -> dict[str, Any]:
    return {
        "instruction": answer.instruction,
        "found": answer.found,
        "confidence": _number(answer.confidence),
        "reason": answer.reason,
        "unfamiliar": answer.unfamiliar,
        "phrase": answer.phrase,
        "box": answer.box_px,
        "mask": encode_mask(answer.mask) if answer.found else None,
    }


def _of_full(instruction: str, full: Segmentation | None) -> dict[str, Any]:
    """What a full answer says of itself, candidates by score; none of another instruction's."""
    if full is None or full.instruction != instruction:
        return {"candidates": [], "total_ms": None, "presence": None}
    candidates = [
        {"index": index, "score": _number(score), "selected": index in full.selection.indices}
        for index, score in enumerate(full.candidates.score.tolist())
    ]
    candidates.sort(key=lambda each: -(each["score"] or 0))
    return {
        "candidates": candidates[:MOST_BARS],
        "total_ms": round(full.total_ms, 1),
        "presence": full.selection.presence,
    }


def _jpeg(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB as a JPEG, shrunk if it is large."""
    height, width = image.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)[1])


def _known(score: float) -> float:
    return 0.0 if math.isnan(score) else score


def _number(score: float) -> float | None:
    """A score for JSON, which has no NaN."""
    return None if math.isnan(score) else round(float(score), 4)
