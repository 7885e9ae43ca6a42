# SPDX-License-Identifier: Apache-2.0
"""What arrives on a camera's topic, as plain values."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import rclpy
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from llmseg_ros.messages.compressed_images import compressed_to_rgb
from llmseg_ros.messages.conversions import (
    ImageConversionError,
    image_to_rgb,
)
from llmseg_ros.node.image_input import COMPRESSED_TYPE, IMAGE_TYPE, why_no_image

__all__ = ["look_at"]

DISCOVERY_S = 3.0
"""seconds that a publisher may take to be seen"""
SETTLE_S = 0.3
"""seconds that are given to further publishers of the same topic"""
AS_THE_NODE = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
FEW = 5
"""stamps of which an interval can be told"""


class Arrivals:
    """What comes on one topic; only the last message is kept."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.times: list[float] = []
        self.stamps: list[int] = []
        self.last: Any = None
        self.late_s: float | None = None

    def __call__(self, msg: Any) -> None:
        """A message."""
        self.times.append(time.monotonic())
        stamp = msg.header.stamp
        self.stamps.append(stamp.sec * 1_000_000_000 + stamp.nanosec)
        self.late_s = time.time() - self.stamps[-1] / 1e9
        self.last = msg

    @property
    def rate_hz(self) -> float:
        """Messages a second; 0 if there were fewer than two."""
        if len(self.times) < 2 or self.times[-1] <= self.times[0]:
            return 0.0
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    @property
    def lost_share(self) -> float:
        """Of the messages that the stamps' usual interval tells of, those that did not come."""
        gaps = [after - before for before, after in zip(self.stamps, self.stamps[1:], strict=False)]
        usual = statistics.median(gaps) if len(gaps) >= FEW else 0
        if usual <= 0:
            return 0.0
        expected = (self.stamps[-1] - self.stamps[0]) / usual + 1
        return max(0.0, 1 - len(self.stamps) / expected)


def look_at(node: Node, topic: str, seconds: float) -> dict[str, Any]:
    """What a topic is and what arrives on it.

    Args:
        node: looks.
        topic: its name.
        seconds: how long it is listened to.
    """
    try:
        name = node.resolve_topic_name(topic)
        node.get_publishers_info_by_topic(name)
    except (InvalidTopicNameException, RuntimeError) as error:  # rcl's own
        return {"name": topic, "invalid": str(error).strip().splitlines()[0]}
    end = time.monotonic() + DISCOVERY_S
    while not node.get_publishers_info_by_topic(name) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(SETTLE_S)
    publishers = node.get_publishers_info_by_topic(name)
    types = sorted({one.topic_type for one in publishers})
    images = _image_topics(node)
    seen: dict[str, Any] = {
        "name": name,
        "types": types,
        "publishers": [_offer(one) for one in publishers],
        "near": get_close_matches(name, images, n=3, cutoff=0.4) or sorted(images)[:5],
        "depth": sorted(each for each in images if "depth" in each and each != name),
    }
    kind = next((each for each in (IMAGE_TYPE, COMPRESSED_TYPE) if each in types), None)
    if kind is None:
        return seen
    compressed = kind == COMPRESSED_TYPE
    arrived, infos = Arrivals(), Arrivals()
    node.create_subscription(CompressedImage if compressed else Image, name, arrived, AS_THE_NODE)
    base = name.removesuffix("/compressed") if compressed else name
    info_topic = _info_topic(node, base)
    node.create_subscription(CameraInfo, info_topic, infos, AS_THE_NODE)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        rclpy.spin_once(node, timeout_sec=left)
    seen |= _arrived(arrived, compressed) | {"camera_info": _info(infos, info_topic, arrived)}
    if not arrived.times:
        seen["nothing"] = why_no_image(node, name, AS_THE_NODE)[0]
    return seen


def _image_topics(node: Node) -> list[str]:
    return [
        name
        for name, types in node.get_topic_names_and_types()
        if {IMAGE_TYPE, COMPRESSED_TYPE} & set(types) and node.count_publishers(name)
    ]


def _info_topic(node: Node, image: str) -> str:
    """Beside the image's, as everybody has it, or below it, as some have."""
    below = f"{image}/camera_info"
    return below if node.count_publishers(below) else f"{image.rpartition('/')[0]}/camera_info"


def _offer(publisher: Any) -> dict[str, Any]:
    qos = publisher.qos_profile
    return {
        "node": f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}",
        "type": publisher.topic_type,
        "reliability": qos.reliability.name.lower(),
        "durability": qos.durability.name.lower(),
    }


def _arrived(arrived: Arrivals, compressed: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {"count": len(arrived.times), "compressed": compressed}
    msg = arrived.last
    if msg is None:
        return seen
    seen |= {
        "rate_hz": arrived.rate_hz,
        "lost_share": arrived.lost_share,
        "late_s": arrived.late_s,
        "no_stamp": arrived.stamps[-1] == 0,
        "backwards": sum(b < a for a, b in zip(arrived.stamps, arrived.stamps[1:], strict=False)),
        "frame_id": msg.header.frame_id,
        "encoding": msg.format if compressed else msg.encoding,
        "bytes": len(msg.data),
    }
    convert: Callable[[Any], Any] = compressed_to_rgb if compressed else image_to_rgb
    start = time.perf_counter()
    try:
        rgb = convert(msg)
    except ImageConversionError as error:
        return {**seen, "refused": str(error)}
    seen["convert_ms"] = (time.perf_counter() - start) * 1000
    return {**seen, "height": rgb.shape[0], "width": rgb.shape[1], "flat": bool(rgb.std() < 1)}


def _info(infos: Arrivals, topic: str, images: Arrivals) -> dict[str, Any]:
    seen: dict[str, Any] = {"name": topic, "count": len(infos.times)}
    if infos.last is None:
        return seen
    info = infos.last
    seen |= {"empty": not any(info.k), "height": info.height, "width": info.width}
    return {**seen, "same_stamps": bool(set(infos.stamps) & set(images.stamps))}
