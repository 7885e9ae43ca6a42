# SPDX-License-Identifier: Apache-2.0
"""What a fine-tuned model knows of itself: the images of its training, and how sure it may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from llmseg_core.config import Calibration
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE
from llmseg_core.model_dir.checkpoint import load_seen_images, load_trained_config
from llmseg_core.model_dir.directory import model_directory

from ..data import BrokenSampleError, ImageData
from .familiarity import group_of_images
from .image_group import LEAST_IMAGES
from .image_statistics import ImageStatistics

__all__ = ["learn_images", "tell_what_is_known"]

MOST_IMAGES = 300
"""that are looked at, evenly drawn from more"""


def learn_images(
    models: Sequence[Path], name: str, data: ImageData, look: Callable[[], ImageStatistics]
) -> None:
    """Let fine-tuned models know the images of their training, besides what their base knows.

    Nothing happens where the base knows nothing: such a model refuses no image, and one that knew
    these alone would refuse all that its base can do.

    Args:
        models: directories of one training, with the same SAM and image encoder.
        name: of the images, for people.
        data: what was trained on; images that cannot be read are left out.
        look: of the models.
    """
    known = load_seen_images(models[0])
    if known is None:
        return
    images: list[np.ndarray] = []
    for index in np.unique(np.linspace(0, len(data) - 1, MOST_IMAGES).round().astype(int)):
        try:
            images.append(data.image(int(index)))
        except BrokenSampleError:
            continue
    if len(images) < LEAST_IMAGES:
        print(
            f"{len(images)} images are too few to know what is usual among them, at least "
            f"{LEAST_IMAGES} are needed: images like these may be refused as unfamiliar; "
            f"llmseg familiarity fit --model {models[0]} --images ... tells it more of them"
        )
        return
    seen = known.with_group(group_of_images(look(), name, images))
    for model in models:
        seen.save(model / SEEN_IMAGES_FILE)


def tell_what_is_known(model: Path, base: str | Path) -> None:
    """Print which images a fine-tuned model knows, and what its confidences are worth."""
    seen, calibration = load_seen_images(model), _calibration(model)
    if seen is not None:
        print(f"{model} knows images of {', '.join(group.name for group in seen.groups)}")
    if calibration is None:
        return
    if calibration == _calibration(base):
        print(
            f"{model}: confidences are still chances on {calibration.data or 'other data'}, as of "
            f"{base}; llmseg calibrate --model {model} --data ... fits them on yours"
        )
    else:
        print(
            f"{model}: confidences are chances on {calibration.data} ({calibration.questions} "
            f"questions)"
        )


def _calibration(model: str | Path) -> Calibration | None:
    return load_trained_config(model_directory(model)).calibration
