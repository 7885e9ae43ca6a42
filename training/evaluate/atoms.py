# SPDX-License-Identifier: Apache-2.0
"""Pixels that lie in the same proposals, counted together: every union of proposals at once.

The proposals of an image cut it into atoms, pieces that no proposal divides; some hundreds at most.
Intersection and union of any set of proposals with a target are sums over atoms, so a hundred
selection rules and thresholds cost one look at the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmseg_core.metrics.mask_iou import NCIOU_SIZE, resize_nearest

from .sums import ious

__all__ = ["AtomCounts", "Bounds", "ProposalAtoms"]


@dataclass(frozen=True)
class Bounds:
    """What a perfect and what a blind choice among an image's proposals would give.

    Nothing at all may be chosen, too; that is right where nothing fits.

    Attributes:
        best: IoU of the best single proposal, [0, 1].
        union: IoU of a greedy union: proposals are added while that helps; at least `best`.
        random: mean IoU of a single proposal drawn at random.
    """

    best: float
    union: float
    random: float


@dataclass(frozen=True)
class AtomCounts:
    """How many pixels of each atom lie on and beside one target.

    Attributes:
        members: (G, K) bool, which proposals hold which atom.
        inside: (2, G) int64, pixels on the target: of the image, and of the resized image.
        outside: (2, G) int64, the same beside the target.
    """

    members: np.ndarray
    inside: np.ndarray
    outside: np.ndarray

    def measure(self, taken: np.ndarray) -> np.ndarray:
        """Compare unions of proposals with the target.

        Args:
            taken: (S, K) bool, the proposals of each union.

        Returns:
            (S, 4) int64, the fields of `MaskCounts`.
        """
        # float64 is exact for whole numbers up to 2 ** 53, and BLAS knows it
        covered = (taken.astype(np.float64) @ self.members.T.astype(np.float64) > 0).astype(float)
        both = covered @ self.inside.T
        either = self.inside.sum(1) + covered @ self.outside.T
        return np.stack((both[:, 0], either[:, 0], both[:, 1], either[:, 1]), 1).astype(np.int64)

    def iou(self, taken: np.ndarray) -> np.ndarray:
        """(S,) float64, IoU of unions (S, K); 1 where there is neither prediction nor target."""
        return ious(self.measure(taken))

    def single_iou(self) -> np.ndarray:
        """(K,) float64, IoU of every proposal by itself."""
        return self.iou(np.eye(self.members.shape[1], dtype=bool))

    def bounds(self) -> Bounds:
        """Oracle and chance."""
        count = self.members.shape[1]
        single = self.single_iou()
        taken = np.zeros(count, dtype=bool)
        nothing = best_union = float(self.iou(taken[None])[0])
        while count:
            each = self.iou(taken | np.eye(count, dtype=bool))
            index = int(each.argmax())
            if each[index] <= best_union:
                break
            best_union, taken[index] = float(each[index]), True
        return Bounds(
            best=float(single.max(initial=nothing)),
            union=best_union,
            random=float(single.mean()) if count else 0.0,
        )


class ProposalAtoms:
    """The atoms of one image.

    Args:
        masks: (K, H, W) bool, the proposals.
        size: pixels a side that masks are resized to for ncIoU.

    Attributes:
        members: (G, K) bool, which proposals hold which atom; one atom may be in none.
    """

    def __init__(self, masks: np.ndarray, size: int = NCIOU_SIZE) -> None:
        count, height, width = masks.shape
        flat = masks.reshape(count, height * width)
        bits = np.packbits(flat, axis=0)
        # Neighbours mostly lie in the same proposals: sort runs of pixels, not pixels.
        changes = (bits[:, 1:] != bits[:, :-1]).any(0)
        starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
        _, first, atom = np.unique(
            bits[:, starts].T, axis=0, return_index=True, return_inverse=True
        )
        lengths = np.diff(starts, append=height * width)
        self.members = flat[:, starts[first]].T
        self._labels = np.repeat(atom.reshape(-1), lengths).reshape(height, width)
        self._square = size, size
        self._small = resize_nearest(self._labels, self._square)

    def count(self, target: np.ndarray, ignore: np.ndarray | None = None) -> AtomCounts:
        """Count each atom's pixels on and beside a target.

        Args:
            target: (H, W) bool.
            ignore: (H, W) bool, pixels that do not count.
        """
        place = target.astype(np.int64)  # 0 beside, 1 on the target, 2 nowhere
        if ignore is not None:
            place[ignore] = 2
        atoms = len(self.members)
        counts = np.stack([
            np.bincount((3 * labels + where).ravel(), minlength=3 * atoms).reshape(atoms, 3).T
            for labels, where in (
                (self._labels, place),
                (self._small, resize_nearest(place, self._square)),
            )
        ])  # fmt: skip
        return AtomCounts(self.members, inside=counts[:, 1], outside=counts[:, 0])
