# SPDX-License-Identifier: Apache-2.0
"""Cameras of odd kinds, which publish for as long as they are wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header, String

from llmseg_ros.messages.conversions import rgb_to_image

RATE_HZ = 20.0
FAST_HZ = 200.0
PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def header(frame_id: str = "camera") -> Header:
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(time.time_ns(), 1_000_000_000)
    return made


def raw(encoding: str = "rgb8", **changes: Any) -> Callable[[], Image]:
    def made() -> Image:
        image = rgb_to_image(PIXELS, changes.get("header") or header())
        if encoding != "rgb8":
            image.encoding, image.step = encoding, 64
            image.data = image.data[: 64 * 48]
        return image

    return made


def jpeg() -> CompressedImage:
    data = cv2.imencode(".jpg", PIXELS)[1].tobytes()
    return CompressedImage(header=header(), format="rgb8; jpeg compressed bgr8", data=data)


def info(k: float = 50.0, width: int = 64) -> Callable[[], CameraInfo]:
    def made() -> CameraInfo:
        matrix = [k, 0.0, 32.0, 0.0, k, 24.0, 0.0, 0.0, 1.0] if k else [0.0] * 9
        return CameraInfo(header=header(), width=width, height=48, k=matrix)

    return made


CAMERAS: dict[str, tuple[type, Callable[[], Any] | None, float]] = {
    "/good/image": (Image, raw(), RATE_HZ),
    "/good/camera_info": (CameraInfo, info(), RATE_HZ),
    "/good/depth/image": (Image, raw("mono8"), RATE_HZ),
    "/bayer/image": (Image, raw("bayer_rggb8"), RATE_HZ),
    "/bayer/camera_info": (CameraInfo, info(k=0.0), RATE_HZ),
    "/small/image": (Image, raw(), RATE_HZ),
    "/small/camera_info": (CameraInfo, info(width=640), RATE_HZ),
    "/strange/image": (Image, raw("32FC1"), RATE_HZ),
    "/packed/image/compressed": (CompressedImage, jpeg, RATE_HZ),
    "/zed/image": (Image, raw(), RATE_HZ),
    "/zed/image/camera_info": (CameraInfo, info(), RATE_HZ),
    "/bare/image": (Image, raw(header=Header()), RATE_HZ),
    "/fast/image": (Image, raw(), FAST_HZ),
    "/silent/image": (Image, None, RATE_HZ),
    "/words": (String, String, RATE_HZ),
}


@contextmanager
def publishing() -> Iterator[Node]:
    """All of them, best effort, from one node in a thread; rclpy must be initialised."""
    node = Node("odd_cameras")
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    due = {}
    for topic, (kind, make, rate) in CAMERAS.items():
        due[topic] = (node.create_publisher(kind, topic, qos), make, rate)
    over = threading.Event()

    def publish() -> None:
        begin, sent = time.monotonic(), dict.fromkeys(due, 0)
        while not over.wait(0.002):
            now = time.monotonic() - begin
            for topic, (publisher, make, rate) in due.items():
                if make is not None and sent[topic] < now * rate:
                    sent[topic] += 1
                    publisher.publish(make())

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield node
    finally:
        over.set()
        thread.join()
        node.destroy_node()
