# SPDX-License-Identifier: Apache-2.0
"""Why no image comes, as far as the graph of nodes and topics tells."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from llmseg_ros.fast_dds import largest_frame_mb

__all__ = ["IMAGE_TYPE", "image_topic", "why_no_image"]

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
SUFFIX = "/compressed"


def image_topic(resolved: str, is_compressed: bool) -> str:
    """Full name of the topic that images come from, by image_transport's convention.

    Args:
        resolved: full name of the image topic, after remapping; one that has the suffix already
            stays as it is.
        is_compressed: whether they come as CompressedImage.
    """
    return f"{resolved.removesuffix(SUFFIX)}{SUFFIX}" if is_compressed else resolved


def why_no_image(
    node: Node, topic: str, qos: QoSProfile, is_compressed: bool = False
) -> tuple[str, bool]:
    """What keeps images from a subscription, and whether somebody must change something first.

    Args:
        node: whose graph is looked at.
        topic: full name of the topic.
        qos: what the subscription asks for.
        is_compressed: whether it asks for CompressedImage.
    """
    wanted = COMPRESSED_TYPE if is_compressed else IMAGE_TYPE
    publishers = node.get_publishers_info_by_topic(topic)
    if not publishers:
        raw = topic.removesuffix(SUFFIX)
        if is_compressed and node.count_publishers(raw):
            return f"nobody publishes it, but {raw}: start with image_transport:=raw", True
        return "nobody publishes it", False
    offered = [one.qos_profile for one in publishers if one.topic_type == wanted]
    if not offered:
        types = ", ".join(sorted({one.topic_type for one in publishers}))
        reason = f"it is published as {types}, and must be {wanted}"
        if COMPRESSED_TYPE in types:
            reason += ": take the raw topic, or start with image_transport:=compressed"
        return reason, True
    checked = [qos_check_compatible(one, qos) for one in offered]
    bad = [reason for compatible, reason in checked if compatible == QoSCompatibility.ERROR]
    if len(bad) == len(offered):
        return (
            f"its publisher's QoS is incompatible ({bad[0].strip().rstrip(';')}): change the "
            f"publisher, or the parameter qos_overrides.{topic}.subscription.*",
            True,
        )
    return (
        f"it is published, and nothing arrives: is a frame larger than {largest_frame_mb()} MB? "
        "From a publisher that has Fast DDS's own settings, those above 0.5 MB may be lost "
        "(docs/install.md, Large frames)",
        False,
    )
