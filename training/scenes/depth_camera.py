# SPDX-License-Identifier: Apache-2.0
"""Depth as a stereo camera with a projector measures it, such as a RealSense D435.

Its errors are made where they arise, in the disparity: noise that neighbours share, steps of the
disparity, outlines between two depths, and no value where one of its two eyes sees nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["StereoCamera"]


@dataclass(frozen=True)
class StereoCamera:
    """What a stereo depth camera adds and leaves out; by default about what a D435 does."""

    baseline_m: float = 0.05
    """Between its eyes, metres."""
    noise_px: float = 0.08
    """Standard deviation of the disparity: 1.2 mm at 0.6 m before a lens of 520 pixels."""
    correlated_px: float = 1.5
    """How far its error reaches, pixels (standard deviation of a Gaussian)."""
    steps: int = 32
    """Values of the disparity a pixel."""
    outline_px: int = 2
    """How far from an outline depths may lie between the near and the far one, pixels."""
    outline_share: float = 0.5
    """Share of the pixels there that do, 0 to 1."""
    hole_share: float = 0.04
    """Share of the picture in blobs that reflect or show no pattern, 0 to 1."""
    hole_px: float = 6.0
    """About the radius of such blobs, pixels."""

    def measure(
        self, depth: NDArray[np.float32], focal: float, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """What it says of a scene.

        Args:
            depth: (H, W) the true one, metres, above 0.
            focal: of the lens, pixels.
            rng: noise and holes are drawn from it.

        Returns:
            (H, W) metres in whole millimetres; 0 where nothing was measured.
        """
        true: NDArray[np.float32] = (self.baseline_m * focal / depth).astype(np.float32)
        disparity = self._between(true, rng)
        noise = _smooth(rng.standard_normal(depth.shape, dtype=np.float32), self.correlated_px)
        disparity += np.float32(self.noise_px) * noise
        stepped = np.round(disparity * self.steps) / self.steps
        seen = stepped > 0
        measured = np.where(seen, self.baseline_m * focal / np.where(seen, stepped, 1), 0)
        blobs = _smooth(rng.standard_normal(depth.shape, dtype=np.float32), self.hole_px)
        holes = blobs > np.quantile(blobs, 1 - self.hole_share)
        measured[holes | _seen_by_one_eye(true)] = 0
        return (np.round(1000 * measured) / 1000).astype(np.float32)

    def _between(
        self, disparity: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Disparities of which some beside an outline lie between those of its two sides."""
        kernel = np.ones((2 * self.outline_px + 1,) * 2, np.uint8)
        near, far = cv2.dilate(disparity, kernel), cv2.erode(disparity, kernel)
        mixed = (near - far > 1) & (rng.random(disparity.shape) < self.outline_share)
        share = rng.random(disparity.shape, dtype=np.float32)
        between: NDArray[np.float32] = np.where(mixed, far + share * (near - far), disparity)
        return between


def _smooth(noise: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """The same of neighbours that resemble each other, with standard deviation 1."""
    smooth: NDArray[np.float32] = cv2.GaussianBlur(noise, (0, 0), radius)
    return smooth / np.float32(smooth.std())


def _seen_by_one_eye(disparity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the right eye sees something nearer: the shadow to the left of what stands out."""
    columns = np.arange(disparity.shape[1], dtype=np.float32)
    there = columns - disparity  # the column in the right eye's image
    leftmost = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(disparity.shape, bool)
    hidden[:, :-1] = leftmost[:, 1:] < there[:, :-1] - 0.5
    return hidden
