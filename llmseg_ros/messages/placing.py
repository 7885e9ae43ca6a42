# SPDX-License-Identifier: Apache-2.0
"""Where the objects of an answer are, by the depth image that was captured with its image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from llmseg_core.following.objects import object_masks
from llmseg_core.geometry.pinhole import Pinhole
from llmseg_core.geometry.place import Place, locate
from llmseg_core.geometry.visible_part import depth_in_metres, is_measured
from llmseg_ros.error_log import ErrorLog

from .depth_conversions import DepthValues, depth_values
from .frame import Frame, SegmentedFrame
from .frame_sync import Match
from .intrinsics import distortion_warning, pinhole_of

__all__ = ["FoundPlaces", "Placing", "PlacingSettings", "Transform"]

MOST_OBJECTS = 16
"""of one answer that are placed"""
WAIT_S = 0.05
"""that a depth image may come later than its colour image"""
FARTHEST_M, NEAREST_M = 100.0, 0.02
"""metres in the median of a depth image beyond which its unit must be another"""
LOOK_EVERY = 16
"""pixel, for that median"""
ALIKE = 0.01
"""how much the ratios of the two images' sides may differ"""

Transform = tuple[NDArray[np.float64], NDArray[np.float64]]
"""rotation (3, 3) and shift (3,) from one frame to another"""


@dataclass(frozen=True)
class PlacingSettings:
    """How depth images are read.

    Attributes:
        unit_m: metres of one in 16UC1.
        is_registered: whether depth is the colour image's though its frame has another name.
        image_topic: of the colour image; one with "rect" in it is rectified.
        slop_s: the most that stamps may differ, for the message.
        target_frame: the frame of all places; "" is the image's.
    """

    unit_m: float = 0.001
    is_registered: bool = False
    image_topic: str = ""
    slop_s: float = 0.02
    target_frame: str = ""


@dataclass(frozen=True)
class FoundPlaces:
    """Where the objects of an answer are.

    Attributes:
        header: stamp of the image, and the frame of all places.
        places: of each object, best first.
        note: why the frame is not the one that is asked for; "" if it is.
    """

    header: Header
    places: tuple[Place, ...] = ()
    note: str = ""


class Placing:
    """Places the objects of answers; for the thread that publishes them."""

    def __init__(
        self,
        errors: ErrorLog,
        settings: PlacingSettings,
        transform: Callable[[Header, str], Transform] | None = None,
    ) -> None:
        """Takes settings.

        Args:
            errors: gets what is wrong with depth images and calibrations, once each.
            settings: how they are read.
            transform: from a header's frame at its stamp to the frame of that name; raises
                RuntimeError with the reason if there is none.
        """
        self.settings = settings
        self._errors, self._transform = errors, transform

    def find(self, answer: SegmentedFrame) -> FoundPlaces:
        """The places of an answer's objects; none where nothing was found or depth is off."""
        frame = answer.frame
        masks = object_masks(answer.segmentation)[:MOST_OBJECTS]
        if frame.depth is None or not len(masks):
            return FoundPlaces(frame.header)
        try:
            depth, camera = self._read(frame, (masks.shape[1], masks.shape[2]))
        except ValueError as error:
            self._errors.report("depth", str(error))
            return FoundPlaces(frame.header, (Place(reason=str(error)),) * len(masks))
        unit_m = self.settings.unit_m
        places = tuple(_locate(depth, mask, camera, unit_m) for mask in masks)
        return self._in_target_frame(FoundPlaces(frame.header, places))

    def _read(self, frame: Frame, size: tuple[int, int]) -> tuple[DepthValues, Pinhole]:
        """Depth as it came, and the camera of its pixels."""
        match: Match = frame.depth.wait(WAIT_S)
        if match.depth is None:
            raise ValueError(_missing(match, self.settings.slop_s))
        if match.camera_info is None:
            raise ValueError("no camera_info has come: positions need the focal length")
        ours, theirs = frame.header.frame_id, match.depth.header.frame_id
        if ours != theirs and not self.settings.is_registered:
            raise ValueError(
                f"the depth image is in the frame {theirs!r}, and the image in {ours!r}: take the "
                "depth that is registered to the colour camera (aligned_depth_to_color), or set "
                "depth_is_registered if it is"
            )
        depth = depth_values(match.depth)
        _check_sizes(depth.shape, size)
        _check_unit(depth, self.settings.unit_m)
        topic = self.settings.image_topic
        is_rectified = "rect" in topic
        camera = pinhole_of(match.camera_info, *size, is_rectified)
        if not is_rectified and (warning := distortion_warning(match.camera_info, topic)):
            self._errors.warn("depth", warning)
        return depth, camera.scaled(depth.shape[1] / size[1], depth.shape[0] / size[0])

    def _in_target_frame(self, found: FoundPlaces) -> FoundPlaces:
        target = self.settings.target_frame
        if not target or self._transform is None or target == found.header.frame_id:
            return found
        try:
            rotation, shift = self._transform(found.header, target)
        except RuntimeError as error:
            self._errors.warn("target_frame", str(error))
            return FoundPlaces(found.header, found.places, str(error))
        header = Header(stamp=found.header.stamp, frame_id=target)
        return FoundPlaces(header, tuple(one.moved(rotation, shift) for one in found.places))


def _locate(depth: DepthValues, mask: NDArray[np.bool_], camera: Pinhole, unit_m: float) -> Place:
    """The place of a mask that may have another size than the depth; its pixels are the mask's."""
    if depth.shape == mask.shape:
        return locate(depth, mask, camera, unit_m)
    size = depth.shape[1], depth.shape[0]
    small = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(bool)
    place = locate(depth, small, camera, unit_m)
    scale = np.array([mask.shape[1] / depth.shape[1], mask.shape[0] / depth.shape[0]])
    pixels = np.floor((place.pixels + 0.5) * scale).astype(np.int32)
    return Place(place.points, pixels, place.position, place.box, place.stands, place.reason)


def _missing(match: Match, slop_s: float) -> str:
    if match.nearest_ms is None:
        return "no depth image has come"
    return (
        f"no depth image was taken within {1000 * slop_s:g} ms of the image: the nearest one is "
        f"{abs(match.nearest_ms):.0f} ms {'later' if match.nearest_ms > 0 else 'earlier'} "
        "(parameter depth_slop_s)"
    )


def _check_sizes(depth: tuple[int, ...], image: tuple[int, ...]) -> None:
    ratio = (depth[1] / image[1]) / (depth[0] / image[0])
    if abs(ratio - 1) > ALIKE:
        raise ValueError(
            f"the depth image is {depth[1]} x {depth[0]}, and the image {image[1]} x {image[0]}: "
            "depth must be registered to the colour camera"
        )


def _check_unit(depth: DepthValues, unit_m: float) -> None:
    some = depth_in_metres(depth[::LOOK_EVERY, ::LOOK_EVERY], unit_m)
    some = some[is_measured(some)]
    if not some.size:
        return
    median = float(np.median(some))
    if not NEAREST_M <= median <= FARTHEST_M:
        likely = "millimetres taken for metres" if median > FARTHEST_M else "metres taken for less"
        raise ValueError(
            f"depth is {median:.4g} m in the median, at least {NEAREST_M} and at most "
            f"{FARTHEST_M:g} are believed: its unit seems wrong ({likely}); 32FC1 is in metres, "
            f"16UC1 in depth_unit_m = {unit_m:g} m"
        )
