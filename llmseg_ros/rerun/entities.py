# SPDX-License-Identifier: Apache-2.0
"""An answer as what Rerun shows.

Below the camera's name (`camera` for the only one):

    image              the colour image, as a JPEG
    image/mask         1 where the answer is
    image/candidates   of a full answer: the best ones' masks, by their place in the list of boxes
    image/boxes        their boxes with scores; those that were taken are green
    points             of the objects in space, with their colours
    objects            boxes about them
    confidence, age_ms, answer_ms   numbers over time
    answer             what was said, in words

in the time of the images' stamps, `stamp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import rerun as rr
from numpy.typing import NDArray

from llmseg_core.types import Segmentation
from llmseg_ros.messages.frame import SegmentedFrame
from llmseg_ros.messages.placing import FoundPlaces

__all__ = ["answer_entities", "full_entities"]

MOST_CANDIDATES = 20
JPEG_QUALITY = 85
GREEN, GREY = (0, 204, 77), (150, 150, 150)


def full_entities(full: Segmentation) -> Iterator[tuple[str, Any]]:
    """What is logged of a full answer, at its own image's time: names below the camera's, and what.

    Args:
        full: an answer with all its candidates.
    """
    yield from _candidates(full)
    yield "answer_ms", rr.Scalars(full.total_ms)
    level = rr.TextLogLevel.WARN if full.unfamiliar else rr.TextLogLevel.INFO
    yield "answer", rr.TextLog(_words(full), level=level)


def answer_entities(
    answer: SegmentedFrame, found: FoundPlaces, age_ms: float
) -> Iterator[tuple[str, Any]]:
    """What is logged of every answer, names below the camera's.

    Args:
        answer: a full one, or one that was carried along.
        found: the places of its objects.
        age_ms: of its image when it went out.
    """
    segmentation = answer.segmentation
    yield "image", _jpeg(answer.frame.image)
    yield "image/mask", rr.SegmentationImage(segmentation.mask.view(np.uint8))
    yield "confidence", rr.Scalars(segmentation.confidence)
    yield "age_ms", rr.Scalars(age_ms)
    if answer.frame.depth is not None:
        yield from _places(found, answer.frame.image, segmentation)


def _jpeg(image: NDArray[np.uint8]) -> Any:
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    return rr.EncodedImage(contents=data.tobytes(), media_type="image/jpeg")


def _candidates(segmentation: Segmentation) -> Iterator[tuple[str, Any]]:
    """The best ones: each pixel has the number of the smallest that shows it, from 1, or 0."""
    candidates, height, width = segmentation.candidates, *segmentation.mask.shape
    scores = np.nan_to_num(candidates.score.cpu().numpy(), nan=0.0)
    best = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    masks = candidates.masks.cpu().numpy()
    numbers = np.zeros(masks.shape[1:] if len(masks) else (height, width), np.uint8)
    areas = candidates.areas_px.cpu().numpy()
    for index in sorted(best, key=lambda one: -areas[one]):
        numbers[masks[index]] = 1 + int(np.flatnonzero(best == index)[0])
    numbers = cv2.resize(numbers, (width, height), interpolation=cv2.INTER_NEAREST)
    yield "image/candidates", rr.SegmentationImage(numbers, opacity=0.0)
    boxes = candidates.boxes_px.cpu().numpy()[best]
    taken = [index in segmentation.selection.indices for index in best]
    yield (
        "image/boxes",
        rr.Boxes2D(
            mins=boxes[:, :2],
            sizes=boxes[:, 2:] - boxes[:, :2] + 1,
            labels=[f"{number}: {scores[index]:.2f}" for number, index in enumerate(best, 1)],
            colors=[GREEN if one else GREY for one in taken],
        ),
    )


def _places(
    found: FoundPlaces, image: NDArray[np.uint8], segmentation: Segmentation
) -> Iterator[tuple[str, Any]]:
    points = [place.points for place in found.places]
    pixels = [place.pixels for place in found.places]
    rows = np.concatenate(pixels) if pixels else np.zeros((0, 2), np.int32)
    yield (
        "points",
        rr.Points3D(
            np.concatenate(points) if points else np.zeros((0, 3), np.float32),
            colors=image[rows[:, 1], rows[:, 0]],
        ),
    )
    boxes = [place.box for place in found.places if place.box is not None]
    yield (
        "objects",
        rr.Boxes3D(
            centers=[box.centre for box in boxes],
            half_sizes=[box.size / 2 for box in boxes],
            quaternions=[box.quaternion for box in boxes],
            labels=[segmentation.instruction] * len(boxes),
            colors=[GREEN] * len(boxes),
        ),
    )


def _words(segmentation: Segmentation) -> str:
    found = "found" if segmentation.found else segmentation.reason or "nothing fits"
    return f"{segmentation.instruction}: {found} ({segmentation.confidence:.2f})"
