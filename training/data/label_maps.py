# SPDX-License-Identifier: Apache-2.0
"""Label maps: one-channel images whose values are the classes of the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import opened_image
from llmseg_core.metrics.mask_iou import resize_nearest

from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["class_questions", "read_label_map"]

_MODES = ("1", "L", "P", "I", "I;16")
_LOSSY = ("JPEG", "JPEG2000", "WEBP", "AVIF")
"""formats in which a label may come back as its neighbour"""


def read_label_map(path: Path, size: tuple[int, int], resized: bool = False) -> np.ndarray:
    """Read a label map; of an image with a palette, the indices.

    Args:
        path: PNG, or another format without loss, of one channel, 1, 8 or 16 bits.
        size: (H, W) of the image that it belongs to.
        resized: whether a label map of another size is resized to it (nearest pixel).

    Returns:
        (H, W) int32.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, is of a format with losses, has several channels or
            another size and is not resized.
    """
    if not path.is_file():
        raise FileNotFoundError(f"the label map {path} is missing")
    with opened_image(path) as image:
        mode, form = image.mode, image.format
        labels = np.array(image)
    if form in _LOSSY:
        raise ValueError(f"the label map {path} is a {form}, which changes labels; it must be PNG")
    if mode not in _MODES:
        raise ValueError(f"the label map {path} has mode {mode}, it must have one channel")
    if resized:
        labels = resize_nearest(labels, size)
    if labels.shape != size:
        raise ValueError(f"the label map {path} is {labels.shape}, the image is {size} (H, W)")
    return labels.astype(np.int32)


def class_questions(labels: np.ndarray, classes: Mapping[int, str]) -> list[DataQuestion]:
    """One question for each class that is present, in the order of the labels.

    Args:
        labels: (H, W) integers.
        classes: name of every label that is asked about; pixels of all others are ignored.
    """
    present = [int(label) for label in np.unique(labels)]
    void = np.isin(labels, [label for label in present if label not in classes])
    ignore = void if void.any() else None
    return [
        DataQuestion(classes[label], QuestionKind.CATEGORY, labels == label, ignore, classes[label])
        for label in present
        if label in classes
    ]
