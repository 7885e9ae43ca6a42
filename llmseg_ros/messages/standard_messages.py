# SPDX-License-Identifier: Apache-2.0
"""Answers as messages of other packages, each where its package is installed.

visualization_msgs: boxes and labels for RViz. vision_msgs: boxes in the image and in space, and
what the mask's values mean. foxglove_msgs: outlines that Foxglove draws over the raw image.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import PoseWithCovariance
from std_msgs.msg import ColorRGBA, Header

from llmseg_core.following.objects import object_masks
from llmseg_core.geometry.oriented_box import OrientedBox
from llmseg_core.types import Segmentation

from .frame import SegmentedFrame
from .place_messages import box_pose, box_size, point
from .placing import FoundPlaces

try:
    from visualization_msgs.msg import Marker, MarkerArray
except ImportError:
    Marker = MarkerArray = None
try:
    from vision_msgs.msg import (
        BoundingBox2D,
        BoundingBox3D,
        Detection2D,
        Detection2DArray,
        Detection3D,
        Detection3DArray,
        LabelInfo,
        ObjectHypothesis,
        ObjectHypothesisWithPose,
        VisionClass,
    )
except ImportError:
    Detection2DArray = Detection3DArray = LabelInfo = None
try:
    from foxglove_msgs.msg import Color, ImageAnnotations, Point2, PointsAnnotation, TextAnnotation
except ImportError:
    ImageAnnotations = None

__all__ = [
    "Detection2DArray",
    "Detection3DArray",
    "ImageAnnotations",
    "LabelInfo",
    "MarkerArray",
    "detections_2d",
    "detections_3d",
    "image_annotations",
    "label_info",
    "marker_array",
]

COLOUR = (0.0, 0.8, 0.3)
MARKER_LIFE_S = 2
"""after which RViz takes a box away if no other answer comes"""
LABEL_HEIGHT_M = 0.03
OUTLINE_ERROR_PX = 1.0
"""that an outline may differ from the mask's"""
FONT_PX = 14.0
MASK_VALUE = 255
"""of a pixel of ~/mask that shows what is meant"""
EDGES = [*zip(range(4), (1, 2, 3, 0), strict=True), *((i, i + 4) for i in range(4))]
EDGES += [(4 + i, 4 + j) for i, j in EDGES[:4]]
"""pairs of corners of a box (`OrientedBox.corners`)"""


def marker_array(answer: SegmentedFrame, found: FoundPlaces) -> Any:
    """A `MarkerArray`: what was there is taken away, and each object gets a box and a label."""
    segmentation = answer.segmentation
    shown: list[Any] = [Marker(header=found.header, action=Marker.DELETEALL)]
    for index, place in enumerate(found.places):
        if place.box is None:
            continue
        shown.append(_box_marker(found.header, index, place.box))
        shown.append(_label_marker(found.header, index, place.box, segmentation))
    return MarkerArray(markers=shown)


def _marker(header: Header, name: str, index: int, kind: int) -> Any:
    marker = Marker(header=header, ns=name, id=index, type=kind, action=Marker.ADD)
    marker.color = ColorRGBA(r=COLOUR[0], g=COLOUR[1], b=COLOUR[2], a=1.0)
    marker.lifetime.sec = MARKER_LIFE_S
    marker.pose.orientation.w = 1.0
    return marker


def _box_marker(header: Header, index: int, box: OrientedBox) -> Any:
    marker = _marker(header, "box", index, Marker.LINE_LIST)
    marker.scale.x = 0.003  # metres that a line is wide
    corners = [point(corner) for corner in box.corners]
    marker.points = [corners[end] for edge in EDGES for end in edge]
    return marker


def _label_marker(header: Header, index: int, box: OrientedBox, segmentation: Segmentation) -> Any:
    marker = _marker(header, "label", index, Marker.TEXT_VIEW_FACING)
    marker.pose.position = point(box.centre + box.axes[:, 2] * (box.size[2] / 2 + LABEL_HEIGHT_M))
    marker.scale.z = LABEL_HEIGHT_M
    marker.text = _label(segmentation)
    return marker


def _label(segmentation: Segmentation) -> str:
    return f"{segmentation.instruction} ({segmentation.confidence:.0%})"


def detections_2d(answer: SegmentedFrame) -> Any:
    """A `Detection2DArray`: the box of each object in pixels of the image; empty if none."""
    return Detection2DArray(
        header=answer.frame.header,
        detections=[
            Detection2D(
                header=answer.frame.header,
                id=_object_id(answer, index),
                results=[_hypothesis(answer.segmentation)],
                bbox=_box_2d(mask),
            )
            for index, mask in enumerate(object_masks(answer.segmentation))
        ],
    )


def _box_2d(mask: np.ndarray) -> Any:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = BoundingBox2D()
    if len(rows):
        # Newer vision_msgs have a point and an angle in their pose, older ones two numbers.
        centre = getattr(box.center, "position", box.center)
        centre.x = (int(columns[0]) + int(columns[-1]) + 1) / 2
        centre.y = (int(rows[0]) + int(rows[-1]) + 1) / 2
        box.size_x = float(columns[-1] - columns[0] + 1)
        box.size_y = float(rows[-1] - rows[0] + 1)
    return box


def detections_3d(answer: SegmentedFrame, found: FoundPlaces) -> Any:
    """A `Detection3DArray` of the objects whose place is known.

    A result's pose is the middle of the visible surface, turned as the box is.
    """
    shown = []
    for index, place in enumerate(found.places):
        if place.position is None or place.box is None:
            continue
        hypothesis = _hypothesis(answer.segmentation)
        hypothesis.pose = PoseWithCovariance(pose=box_pose(place.box))
        hypothesis.pose.pose.position = point(place.position)
        shown.append(
            Detection3D(
                header=found.header,
                id=_object_id(answer, index),
                results=[hypothesis],
                bbox=BoundingBox3D(center=box_pose(place.box), size=box_size(place.box)),
            )
        )
    return Detection3DArray(header=found.header, detections=shown)


def _hypothesis(segmentation: Segmentation) -> Any:
    return ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(
            class_id=segmentation.instruction, score=float(segmentation.confidence)
        )
    )


def _object_id(answer: SegmentedFrame, index: int) -> str:
    """The same for as long as it is the same thing; "" where nothing is followed."""
    return f"{answer.track_id}.{index}" if answer.track_id else ""


def label_info(instruction: str, header: Header, threshold: float) -> Any:
    """A `LabelInfo` that says what the pixels of ~/mask mean.

    Args:
        instruction: in force; "" is none.
        header: its stamp says since when.
        threshold: the confidence below which nothing is found, [0, 1].
    """
    return LabelInfo(
        header=header,
        class_map=[VisionClass(class_id=MASK_VALUE, class_name=instruction)] if instruction else [],
        threshold=threshold,
    )


def image_annotations(answer: SegmentedFrame) -> Any:
    """`ImageAnnotations`: the outlines of the mask, and the instruction with its confidence."""
    segmentation, stamp = answer.segmentation, answer.frame.header.stamp
    green = Color(r=COLOUR[0], g=COLOUR[1], b=COLOUR[2], a=1.0)
    outlines, _ = cv2.findContours(
        segmentation.mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    loops = [cv2.approxPolyDP(outline, OUTLINE_ERROR_PX, True)[:, 0] for outline in outlines]
    text = _label(segmentation) if segmentation.found else f"nothing: {segmentation.instruction}"
    left, top = (segmentation.box_px or (0, 0, 0, 0))[:2]
    return ImageAnnotations(
        points=[
            PointsAnnotation(
                timestamp=stamp,
                type=PointsAnnotation.LINE_LOOP,
                # A pixel's centre is half a pixel from its corner, where Foxglove begins.
                points=[Point2(x=x + 0.5, y=y + 0.5) for x, y in loop.tolist()],
                outline_color=green,
                thickness=2.0,
            )
            for loop in loops
        ],
        texts=[
            TextAnnotation(
                timestamp=stamp,
                position=Point2(x=float(left), y=max(FONT_PX, float(top))),
                text=text,
                font_size=FONT_PX,
                text_color=Color(r=1.0, g=1.0, b=1.0, a=1.0),
                background_color=Color(r=0.0, g=0.0, b=0.0, a=0.6),
            )
        ],
    )
