# SPDX-License-Identifier: Apache-2.0
"""Fits what a group of images looks like to a model's encoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from llmseg_core.familiarity.seen_images import ImageGroup, LayerGroup

__all__ = ["LEAST_IMAGES", "fit_group", "require_enough"]

LEAST_IMAGES = 20
"""fewer say too little about what is usual"""
DIRECTIONS = 96
"""most exact directions of a layer"""
IMAGES_A_DIRECTION = 4
"""of few images fewer directions are told apart"""
SMALLEST_SCALE = 1e-5
"""of a number that is the same in all images"""
WITHIN_EACH, WITHIN = 0.99, 0.987
"""shares of left out images of the group that are within the limits of distance and of strangeness,
and, of every kind of copy, within that of both together"""
LEAST_STEP = 0.05
"""from the middle image to a limit, of images that are all alike"""
RIDGE = 1e-4
"""weight of the squared weights"""
FOLDS = 5


def fit_group(
    name: str,
    statistics: Mapping[str, Tensor],
    images: Tensor,
    others: Mapping[str, Tensor],
    kinds: Tensor | None = None,
) -> ImageGroup:
    """The group of some images, its limits by images that were left out in turn.

    Args:
        name: what they are, for people.
        statistics: by layer (N, F) float32, of images and of degraded copies of them.
        images: (N,) int64, which image each row is of; copies are left out with their image.
        others: by layer (M, F) float32, of images that are none of theirs.
        kinds: (N,) int64, which kind of copy each row is; the limit holds for each kind, however
            unusual. None is one kind.

    Raises:
        ValueError: if there are too few images.
    """
    numbers, kinds = images.unique(), torch.zeros_like(images) if kinds is None else kinds
    require_enough(len(numbers))
    fold = torch.searchsorted(numbers, images) % FOLDS
    apart, alike = torch.zeros(len(images)), torch.zeros(len(images))
    for number in range(FOLDS):
        out = fold == number
        group = _fit(name, {layer: rows[~out] for layer, rows in statistics.items()}, others)
        left_out = {layer: rows[out] for layer, rows in statistics.items()}
        apart[out], alike[out] = group.log_distance(left_out), group.strangeness(left_out)
    (near, limit), (usual, strange) = _scale(apart), _scale(alike)
    group = replace(
        _fit(name, statistics, others),
        near=near,
        limit=limit,
        usual=usual,
        strange=strange,
    )
    steps = group.steps_away(apart, alike)
    together = max(float(steps[kinds == kind].quantile(WITHIN)) for kind in kinds.unique())
    return replace(group, together=max(together, 1.0))


def _scale(values: Tensor) -> tuple[float, float]:
    """The middle of (N,) values, and the limit that all but a few of them are below."""
    middle = float(values.median())
    return middle, max(float(values.quantile(WITHIN_EACH)), middle + LEAST_STEP)


def require_enough(count: int) -> None:
    """Raise ValueError if `count` images are too few."""
    if count < LEAST_IMAGES:
        raise ValueError(
            f"{count} images are too few to know what is usual, at least {LEAST_IMAGES} are needed"
        )


def _fit(name: str, own: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> ImageGroup:
    """The group without its limits."""
    layers = {layer: _fit_layer(rows) for layer, rows in own.items()}
    widths = [len(each.mean) for each in layers.values()]
    near, far = (
        torch.cat([(rows[name] - each.mean) / each.scale for name, each in layers.items()], 1)
        for rows in (own, others)
    )
    weights = _telling_weights(near.double().numpy(), far.double().numpy()).split(widths)
    told = {
        layer: replace(each, weights=part)
        for (layer, each), part in zip(layers.items(), weights, strict=True)
    }
    return ImageGroup(name, told, near=0.0, limit=1.0, usual=0.0, strange=1.0, together=1.0)


def _telling_weights(near: np.ndarray, far: np.ndarray) -> Tensor:
    """(F,) float32, of the logistic regression that tells (M, F) `far` from (N, F) `near` ones.

    Both weigh the same in all. Without the constant, which the limits make needless.
    """
    rows = np.concatenate((near, far))
    target = np.repeat((0.0, 1.0), (len(near), len(far)))
    weight = np.repeat((0.5 / len(near), 0.5 / len(far)), (len(near), len(far)))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = rows @ weights[:-1] + weights[-1]
        slope = weight * (1 / (1 + np.exp(-np.clip(logits, -50, 50))) - target)
        value = np.sum(weight * (np.logaddexp(0, logits) - target * logits))
        value += RIDGE * np.sum(weights[:-1] ** 2)
        return float(value), np.append(rows.T @ slope + 2 * RIDGE * weights[:-1], slope.sum())

    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B")
    return torch.from_numpy(found.x[:-1]).float()


def _fit_layer(rows: Tensor) -> LayerGroup:
    """The Gaussian of (N, F) float32."""
    mean, scale = rows.mean(0), rows.std(0, correction=0).clamp(min=SMALLEST_SCALE)
    apart = (rows - mean) / scale
    count = max(1, min(DIRECTIONS, len(rows) // IMAGES_A_DIRECTION, rows.shape[1] - 1))
    variance, directions = torch.linalg.eigh(apart.mT.double() @ apart.double() / len(rows))
    spread, kept = variance.flip(0)[:count].clamp(min=0), directions.mT.flip(0)[:count]
    rest = (variance.clamp(min=0).sum() - spread.sum()).clamp(min=0) / (rows.shape[1] - count)
    return LayerGroup(
        mean, scale, kept.float(), spread.float(), rest.float(), torch.zeros_like(mean)
    )
