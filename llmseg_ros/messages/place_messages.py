# SPDX-License-Identifier: Apache-2.0
"""Messages of where things are: places in a result, and the cloud of an answer's objects."""

from __future__ import annotations

import array
import sys

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from llmseg_core.geometry.oriented_box import OrientedBox
from llmseg_core.geometry.place import Place
from llmseg_ros.msg import ObjectPlace

from .placing import FoundPlaces

__all__ = ["box_pose", "box_size", "cloud_message", "place_messages", "point"]

POINT = np.dtype([("x", "=f4"), ("y", "=f4"), ("z", "=f4"), ("rgb", "=u4")])
"""of a cloud; rgb is 0x00RRGGBB in the memory of a float, as RViz and PCL read it"""
NAN = float("nan")


def point(values: NDArray[np.floating]) -> Point:
    """A message of (3,) metres."""
    x, y, z = values.tolist()
    return Point(x=x, y=y, z=z)


def box_pose(box: OrientedBox) -> Pose:
    """Where a box's centre is and how it is turned."""
    x, y, z, w = box.quaternion
    return Pose(position=point(box.centre), orientation=Quaternion(x=x, y=y, z=z, w=w))


def box_size(box: OrientedBox) -> Vector3:
    """Its sides."""
    x, y, z = box.size.tolist()
    return Vector3(x=x, y=y, z=z)


def place_messages(found: FoundPlaces) -> list[ObjectPlace]:
    """The messages of an answer's places."""
    return [_place_message(found.header, place, found.note) for place in found.places]


def _place_message(header: Header, place: Place, note: str) -> ObjectPlace:
    if place.position is None or place.box is None:
        return ObjectPlace(
            header=header,
            reason=place.reason,
            position=Point(x=NAN, y=NAN, z=NAN),
            box=Pose(
                position=Point(x=NAN, y=NAN, z=NAN),
                orientation=Quaternion(x=NAN, y=NAN, z=NAN, w=NAN),
            ),
            size=Vector3(x=NAN, y=NAN, z=NAN),
        )
    return ObjectPlace(
        header=header,
        valid=True,
        reason=note,
        point_count=len(place.points),
        position=point(place.position),
        box=box_pose(place.box),
        size=box_size(place.box),
        stands=place.stands,
    )


def cloud_message(found: FoundPlaces, image: NDArray[np.uint8]) -> PointCloud2:
    """The points of all objects with their colours, unorganised, all of them finite.

    Args:
        found: the places.
        image: (H, W, 3) uint8 RGB that their pixels are of.
    """
    points = np.empty(sum(len(place.points) for place in found.places), POINT)
    begin = 0
    for place in found.places:
        some = points[begin : begin + len(place.points)]
        some["x"], some["y"], some["z"] = place.points.T
        colours = image[place.pixels[:, 1], place.pixels[:, 0]].astype(np.uint32)
        some["rgb"] = colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
        begin += len(some)
    data = array.array("B")  # any other type is copied value by value when it is assigned
    data.frombytes(points.tobytes())
    return PointCloud2(
        header=found.header,
        height=1,
        width=len(points),
        fields=[
            PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
            for index, name in enumerate(("x", "y", "z", "rgb"))
        ],
        is_bigendian=sys.byteorder == "big",
        point_step=POINT.itemsize,
        row_step=POINT.itemsize * len(points),
        data=data,
        is_dense=True,
    )
