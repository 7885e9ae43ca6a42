# SPDX-License-Identifier: Apache-2.0
"""The camera that images were taken with, apart from any message type's class."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

__all__ = ["CameraModel", "Region"]

DEFAULT_FIELD_OF_VIEW_DEG = 60.0


@dataclass(frozen=True)
class Region:
    """The part of the calibrated image that was read out, in its pixels; all 0 is all of it."""

    x_offset: int = 0
    y_offset: int = 0
    height: int = 0
    width: int = 0
    do_rectify: bool = False
    """Whether a rectified image should be cut in the same way."""


@dataclass(frozen=True)
class CameraModel:
    """The calibration of `sensor_msgs/CameraInfo`, whose fields have the same names and meaning."""

    height: int
    """Rows of the calibrated image, in pixels."""
    width: int
    """Columns of the calibrated image, in pixels."""
    distortion_model: str
    """Name of the distortion model, such as "plumb_bob"."""
    d: tuple[float, ...]
    """Distortion parameters of that model."""
    k: tuple[float, ...]
    """Intrinsics of the raw image, 3 x 3 row by row, in pixels."""
    r: tuple[float, ...]
    """Rectifying rotation, 3 x 3 row by row."""
    p: tuple[float, ...]
    """Projection of the rectified image, 3 x 4 row by row, in pixels."""
    binning_x: int = 0
    """Columns of the sensor that make one of the image; 0 is the same as 1."""
    binning_y: int = 0
    """Rows of the sensor that make one of the image; 0 is the same as 1."""
    roi: Region = Region()
    """Part of the image that the camera gives."""

    @classmethod
    def from_field_of_view(
        cls, height: int, width: int, horizontal_deg: float = DEFAULT_FIELD_OF_VIEW_DEG
    ) -> CameraModel:
        """A pinhole without distortion, square pixels, optical axis through the image's centre.

        Args:
            height: rows, in pixels.
            width: columns, in pixels.
            horizontal_deg: horizontal field of view in degrees, in (0, 180).
        """
        if not 0 < horizontal_deg < 180:
            raise ValueError(f"field of view {horizontal_deg} must be in (0, 180) degrees")
        focal = width / (2 * math.tan(math.radians(horizontal_deg) / 2))
        centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
        return cls(
            height=height,
            width=width,
            distortion_model="plumb_bob",
            d=(0.0,) * 5,
            k=(focal, 0.0, centre_x, 0.0, focal, centre_y, 0.0, 0.0, 1.0),
            r=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
            p=(focal, 0.0, centre_x, 0.0, 0.0, focal, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0),
        )

    @classmethod
    def from_message(cls, msg: Any) -> CameraModel:
        """The calibration in a CameraInfo message of any library that has its fields."""
        return cls(
            height=int(msg.height),
            width=int(msg.width),
            distortion_model=str(msg.distortion_model),
            d=tuple(float(value) for value in msg.d),
            k=tuple(float(value) for value in msg.k),
            r=tuple(float(value) for value in msg.r),
            p=tuple(float(value) for value in msg.p),
            binning_x=int(msg.binning_x),
            binning_y=int(msg.binning_y),
            roi=Region(
                x_offset=int(msg.roi.x_offset),
                y_offset=int(msg.roi.y_offset),
                height=int(msg.roi.height),
                width=int(msg.roi.width),
                do_rectify=bool(msg.roi.do_rectify),
            ),
        )

    def to_message(self, header: Header) -> CameraInfo:
        """A CameraInfo message with this calibration."""
        return CameraInfo(
            header=header,
            height=self.height,
            width=self.width,
            distortion_model=self.distortion_model,
            d=self.d,
            k=self.k,
            r=self.r,
            p=self.p,
            binning_x=self.binning_x,
            binning_y=self.binning_y,
            roi=RegionOfInterest(**asdict(self.roi)),
        )
