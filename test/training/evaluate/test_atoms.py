# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate.atoms import AtomCounts, ProposalAtoms


def boxes(rng: np.random.Generator, count: int, size: tuple[int, int]) -> np.ndarray:
    """(count, H, W) bool: rectangles that overlap, the first two the same."""
    masks = np.zeros((count, *size), dtype=bool)
    for mask in masks:
        top, left = rng.integers(0, size[0] - 8), rng.integers(0, size[1] - 8)
        mask[top : top + rng.integers(2, 20), left : left + rng.integers(2, 20)] = True
    masks[1] = masks[0]
    return masks


@pytest.mark.parametrize("count", [3, 50, 150])
@pytest.mark.parametrize("ignored", [False, True])
def test_every_union_counts_as_its_mask(
    rng: np.random.Generator, count: int, ignored: bool
) -> None:
    size = (40, 56)
    masks = boxes(rng, count, size)
    target = rng.random(size) > 0.6
    ignore = rng.random(size) > 0.8 if ignored else None
    taken = rng.random((6, count)) > np.linspace(0, 1, 6)[:, None]  # from all to nearly none
    taken[-1] = False
    counts = ProposalAtoms(masks, size=32).count(target, ignore).measure(taken)
    for row, chosen in zip(counts, taken, strict=True):
        wanted = MaskCounts.of(masks[chosen].any(0), target, ignore, size=32)
        assert tuple(row) == astuple(wanted)


def columns(*rows: str) -> np.ndarray:
    return np.array([[[pixel == "#" for pixel in row]] for row in rows])


def counts_of(target: str, *proposals: str) -> AtomCounts:
    masks = columns(*proposals) if proposals else np.zeros((0, 1, len(target)), dtype=bool)
    return ProposalAtoms(masks, size=8).count(columns(target)[0])


def test_bounds_of_one_object() -> None:
    bounds = counts_of("##..", "##..", "..#.", "###.").bounds()
    assert (bounds.best, bounds.union) == (1, 1)
    assert bounds.random == pytest.approx((1 + 0 + 2 / 3) / 3)


def test_a_union_beats_every_single_proposal() -> None:
    bounds = counts_of("##.##", "##...", "...##", "..###").bounds()
    assert bounds.best == pytest.approx(1 / 2)
    assert bounds.union == 1


def test_nothing_is_best_where_nothing_fits() -> None:
    bounds = counts_of("....", "##..", "..#.").bounds()
    assert (bounds.best, bounds.union, bounds.random) == (1, 1, 0)


def test_without_proposals() -> None:
    counts = counts_of("##..")
    assert astuple(counts.bounds()) == (0, 0, 0)
    assert counts.measure(np.zeros((1, 0), dtype=bool)).tolist() == [[0, 2, 0, 32]]
    assert astuple(counts_of("....").bounds()) == (1, 1, 0)
