# SPDX-License-Identifier: Apache-2.0
"""The packaged SAM draws what boxes and points show, as methods without training ask it to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from llmseg_core.metrics.mask_iou import mask_iou
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.target import Target
from llmseg_training.scenes import Scene, SceneConfig, render_scene, scene_seed


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render_scene(scene_seed("test", index), SceneConfig()) for index in range(3)]


def box(mask: np.ndarray) -> Target:
    rows, columns = np.nonzero(mask)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return Target((float(left), float(top), float(right), float(bottom)))


def point(mask: np.ndarray) -> Target:
    """The pixel of the mask that is nearest to its middle."""
    places = np.argwhere(mask)
    row, column = places[np.abs(places - places.mean(0)).sum(1).argmin()]
    return Target(points_px=((float(column) + 0.5, float(row) + 0.5),))


@pytest.mark.parametrize(("show", "least"), [(box, 0.8), (point, 0.7)])
def test_masks_of_things_that_are_shown(
    show: Callable[[np.ndarray], Target], least: float, scenes: list[Scene]
) -> None:
    segmenter, overlaps = SamMasks(load_sam("embedded")), []
    for scene in scenes:
        wanted = [scene.mask(each.id) for each in scene.objects]
        drawn = segmenter.draw(segmenter.encode(scene.image), [show(each) for each in wanted])
        overlaps += [mask_iou(*pair) for pair in zip(drawn.masks.numpy(), wanted, strict=True)]
    assert np.mean(overlaps) > least
