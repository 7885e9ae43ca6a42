# SPDX-License-Identifier: Apache-2.0
"""Where the thing under a mask is: its points, their middle, and a box about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .oriented_box import OrientedBox, upright_box
from .percentiles import percentiles
from .pinhole import Pinhole
from .support import NARROWEST, RING_SHARE, WIDEST, Plane, plane_around
from .visible_part import depth_in_metres, is_measured, visible_part

__all__ = ["Place", "locate"]

FEWEST_POINTS = 30
"""of an object; fewer say nothing of its size"""
MOST_PIXELS = 15_000
"""of an object's bounding box; a larger one is seen at every second pixel, or every third, ..."""
MOST_POINTS = 1000
"""by which an object's extent is told"""
LYING = 0.5
"""share of an object's points on the plane about it from which it is as flat as a sheet"""
TOUCHES_M, TOUCHES_SHARE = 0.015, 0.3
"""the gap below an object, in metres or as a share of its height, that is taken for none"""
STEEP = 0.9
"""cosine between a ray and a plane's normal from which an object hides its own sides"""
OFF_M = 0.4
"""metres of an object below the plane, at most, as a share of its extent: else it is another's"""


@dataclass(frozen=True)
class Place:
    """Where one object is, in the camera's frame: x right, y down, z forward, metres.

    Attributes:
        points: (N, 3) float32, what is seen of its surface.
        pixels: (N, 2) int32, the column and row of each point in the image.
        position: (3,) the mean of the points; None where it is not valid.
        box: a box about it; None where it is not valid. It stands on the plane about the object
            (`stands`), or is the smallest of three about its points: facing the camera, upright in
            the image, or along its flattest direction.
        stands: whether the box's z is the normal of a plane that the object lies or stands on.
        reason: why there is no position; "" if there is one.
    """

    points: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    pixels: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    position: NDArray[np.float64] | None = None
    box: OrientedBox | None = None
    stands: bool = False
    reason: str = ""

    def moved(self, rotation: NDArray[np.float64], shift: NDArray[np.float64]) -> Place:
        """The same as another frame sees it.

        Args:
            rotation: (3, 3), turns directions of this frame into the other.
            shift: (3,) this frame's origin in the other, metres.
        """
        if self.position is None or self.box is None:
            return self
        return replace(
            self,
            points=(self.points @ rotation.T + shift).astype(np.float32),
            position=rotation @ self.position + shift,
            box=OrientedBox(
                rotation @ self.box.centre + shift, self.box.size, rotation @ self.box.axes
            ),
        )


def locate(
    depth: NDArray[np.float32] | NDArray[np.uint16],
    mask: NDArray[np.bool_],
    camera: Pinhole,
    unit_m: float = 0.001,
) -> Place:
    """Where the thing under a mask is.

    Args:
        depth: (H, W) along the optical axis: float32 metres, NaN, infinite or 0 where nothing was
            measured; or uint16, 0 there. Only what is about the mask is looked at.
        mask: (H, W) bool.
        camera: of the image that both are of.
        unit_m: metres of one in whole numbers.

    Raises:
        ValueError: the sizes differ.
    """
    if depth.shape != mask.shape:
        raise ValueError(
            f"the depth image is {depth.shape[1]} x {depth.shape[0]} and the mask "
            f"{mask.shape[1]} x {mask.shape[0]}: they must be of one size"
        )
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return Place(reason="the mask is empty")
    top, left, step, window = _window(top, left, height, width, mask.shape)
    metres, mask = depth_in_metres(depth[window], unit_m), mask[window]
    camera = Pinhole(
        camera.fx / step, camera.fy / step, (camera.cx - left) / step, (camera.cy - top) / step
    )
    part = visible_part(metres, mask)
    measured = int(part.sum())
    if measured < FEWEST_POINTS:
        share = float(is_measured(metres)[mask].mean()) if mask.any() else 0.0
        return Place(
            reason=f"{measured} points of it were measured, at least {FEWEST_POINTS} are needed "
            f"(there is depth under {share:.0%} of the mask)"
        )
    plane = plane_around(metres, mask, part, camera)
    y, x = np.divmod(np.flatnonzero(part), part.shape[1])
    points = camera.points(x, y, metres[y, x])
    if plane is not None:
        above = _above(plane, points)
        if above is None:
            plane = None
        else:
            points, x, y = points[above], x[above], y[above]
    pixels = np.stack([left + step * x, top + step * y], axis=1).astype(np.int32)
    position = points.mean(axis=0, dtype=np.float64)
    box = _free_box(points) if plane is None else _standing_box(points, plane)
    return Place(points, pixels, position, box, plane is not None)


def _window(
    top: int, left: int, height: int, width: int, size: tuple[int, ...]
) -> tuple[int, int, int, tuple[slice, slice]]:
    """Top, left and step of the pixels to look at: an object's surroundings belong to them."""
    step = 1
    while height * width > MOST_PIXELS * step * step:
        step += 1
    reach = step * (int(np.clip(RING_SHARE * max(height, width) / step, NARROWEST, WIDEST)) + 4)
    bottom, right = min(size[0], top + height + reach), min(size[1], left + width + reach)
    top, left = max(0, top - reach), max(0, left - reach)
    return top, left, step, (slice(top, bottom, step), slice(left, right, step))


def _above(plane: Plane, points: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """(N,) which points are not the plane's own; None where the object has nothing to do with it.

    A sheet lies in the plane, and all its points are its own.
    """
    heights = plane.heights(points)
    some = points[:: 1 + len(points) // MOST_POINTS]
    extent = float(np.ptp(percentiles(some, (2, 98)), axis=0).max())
    if percentiles(heights, (5,))[0] < -plane.tolerance - OFF_M * extent:
        return None
    above: NDArray[np.bool_] = heights > plane.tolerance
    if above.mean() < LYING or above.sum() < FEWEST_POINTS:
        above = np.ones(len(points), bool)
    return above


def _standing_box(points: NDArray[np.float32], plane: Plane) -> OrientedBox:
    box = upright_box(points, plane.normal)
    low = float(box.centre @ plane.normal - box.size[2] / 2) + plane.offset
    touches = max(TOUCHES_M, TOUCHES_SHARE * float(box.size[2]))
    ray = box.centre / np.linalg.norm(box.centre)
    if -ray @ plane.normal > STEEP:
        touches = max(touches, float(box.size[0]))
    return box.down_to(-plane.offset) if low < touches else box


def _free_box(points: NDArray[np.float32]) -> OrientedBox:
    normal = np.linalg.eigh(np.cov(points.T.astype(np.float64)))[1][:, 0]
    if normal[2] > 0:
        normal = -normal
    ups = (np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0]), normal)
    return min((upright_box(points, up) for up in ups), key=lambda box: box.volume)
