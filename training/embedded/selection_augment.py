# SPDX-License-Identifier: Apache-2.0
"""Variations of an encoded scene: mirrored, or with some of its proposals missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from .selection_scene import SelectionScene

__all__ = ["mirrored", "thinned"]


def mirrored(scene: SelectionScene, width: int) -> SelectionScene:
    """The scene as a mirror shows it, so that left is right.

    Args:
        scene: with boxes, objects and the VLM's image to mirror.
        width: of the scene's image in pixels.
    """
    boxes = scene.boxes.clone()
    boxes[:, 0] = 1 - boxes[:, 0]
    objects = tuple(
        replace(
            item,
            box=(width - item.box[2], item.box[1], width - item.box[0], item.box[3]),
            position=(-item.position[0], *item.position[1:]),
        )
        for item in scene.objects
    )
    return replace(
        scene,
        features=scene.mirror_features,
        mirror_features=scene.features,
        boxes=boxes,
        objects=objects,
        pixel_values=scene.pixel_values.flip(2),
    )


def thinned(scene: SelectionScene, rng: np.random.Generator, most: float = 0.4) -> SelectionScene:
    """The scene without a random share of its proposals, at most `most`; one stays at least."""
    count = len(scene.boxes)
    if not count:
        return scene
    share = rng.uniform(0, most)
    keep = torch.from_numpy(rng.random(count) >= share)
    keep[int(rng.integers(count))] = True
    overlaps = replace(
        scene.overlaps, shared=scene.overlaps.shared[keep], areas=scene.overlaps.areas[keep]
    )
    return replace(
        scene,
        features=scene.features[keep],
        mirror_features=scene.mirror_features[keep],
        boxes=scene.boxes[keep],
        overlaps=overlaps,
    )
