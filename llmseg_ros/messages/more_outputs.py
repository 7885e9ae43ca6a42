# SPDX-License-Identifier: Apache-2.0
"""Outputs for other programs: clouds, and messages of packages that may be installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2

from . import standard_messages as standard
from .outputs import Output, PublishedAnswer, TopicOutput
from .place_messages import cloud_message
from .placing import Placing

__all__ = ["place_outputs", "standard_outputs"]


def place_outputs(node: LifecycleNode, prefix: str, placing: Placing | None) -> list[Output]:
    """The cloud of the objects, of one camera; nothing where there is no depth.

    Args:
        node: the node.
        prefix: of the topics, "~/" or "~/NAME/".
        placing: finds places; None without depth.
    """
    if placing is None:
        return []
    return [TopicOutput(node, PointCloud2, f"{prefix}points", _cloud)]


def standard_outputs(node: LifecycleNode, prefix: str, placing: Placing | None) -> list[Output]:
    """The messages of other packages, of one camera, as far as these are installed.

    Args:
        node: the node.
        prefix: of the topics.
        placing: finds places; None without depth, and then without what needs it.
    """
    topics: list[tuple[type | None, str, Callable[[PublishedAnswer], Any]]] = [
        (standard.Detection2DArray, "detections", lambda one: standard.detections_2d(one.answer)),
        (
            standard.ImageAnnotations,
            "annotations",
            lambda one: standard.image_annotations(one.answer),
        ),
    ]
    if placing is not None:
        topics += [
            (
                standard.MarkerArray,
                "markers",
                lambda one: standard.marker_array(one.answer, one.places),
            ),
            (
                standard.Detection3DArray,
                "object",
                lambda one: standard.detections_3d(one.answer, one.places),
            ),
        ]
    return [
        TopicOutput(node, message_type, f"{prefix}{name}", message)
        for message_type, name, message in topics
        if message_type is not None
    ]


def _cloud(published: PublishedAnswer) -> PointCloud2:
    return cloud_message(published.places, published.answer.frame.image)
