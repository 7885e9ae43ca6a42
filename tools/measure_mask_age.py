# SPDX-License-Identifier: Apache-2.0
"""Measures how old masks are when they reach whoever needs them, while the camera runs.

Starts the node as a process of its own and publishes images at the camera's rate: one image of the
shipped recording that moves smoothly, as a camera that turns would show it. The age of a mask is
the time from publishing its image to having the mask, here, in another process. With following, a
mask is to come with every image, one and a half frame periods old at most. With `--depth` there is
a depth image for each, and the cloud of the objects is listened to as well.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles

import cv2
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header, String

import llmseg_ros.demo
from llmseg_ros.camera.camera_model import CameraModel
from llmseg_ros.camera.image_sources import open_source
from llmseg_ros.demo.processes import Processes
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.depth_conversions import depth_to_image
from llmseg_ros.own_domain import own_network

RECORDING = Path(llmseg_ros.demo.__file__).parent / "recording"
INSTRUCTION = "something to drink from"
STEP_PX, REACH_PX = 1.5, 24
WARM_UP_S = 2.0
"""seconds from the first mask, after which it is measured"""
START_TIMEOUT_S = 300.0


class Watcher(Node):
    """Plays the camera, and notes when each image went and its mask came."""

    def __init__(self, frames: list[np.ndarray], with_depth: bool) -> None:
        """Takes the images that are played to and fro."""
        super().__init__("llmseg_watcher")
        self.sent: dict[int, float] = {}
        self.ages_ms: dict[int, float] = {}
        self.last_of_warm_up = 0
        self._first_at: float | None = None
        self._frames = [rgb_to_image(frame, Header(frame_id="camera")) for frame in frames]
        self._images = self.create_publisher(Image, "image", QoSProfile(depth=1))
        self._instructions = self.create_publisher(String, "llmseg/instruction", 1)
        self.create_subscription(Image, "llmseg/mask", self._on_mask, 5)
        self.clouds = 0
        self._depths = self._infos = None
        if with_depth:
            height, width = frames[0].shape[:2]
            header = Header(frame_id="camera")
            wall = np.full((height, width), 800, np.uint16)  # millimetres
            self._depth = depth_to_image(wall, header)
            self._info = CameraModel.from_field_of_view(height, width).to_message(header)
            self._depths = self.create_publisher(Image, "depth", QoSProfile(depth=1))
            self._infos = self.create_publisher(CameraInfo, "camera_info", 1)
            self.create_subscription(PointCloud2, "llmseg/points", self._on_cloud, 5)

    def is_connected(self) -> bool:
        """Whether the node takes images and gives masks."""
        publishers = (self._images, self._instructions)
        is_taken = all(publisher.get_subscription_count() for publisher in publishers)
        return is_taken and self.count_publishers("llmseg/mask") > 0

    def play(self, rate_hz: float, seconds: float) -> None:
        """Publishes at that rate, until so long after the warm-up; for a thread of its own."""
        self._instructions.publish(String(data=INSTRUCTION))
        began = due = time.monotonic()
        number = 0
        turn = 2 * (len(self._frames) - 1)
        while (now := time.monotonic()) - (self._first_at or now) < WARM_UP_S + seconds:
            if self._first_at is None and now - began > START_TIMEOUT_S:
                return
            if self._first_at is None or now - self._first_at < WARM_UP_S:
                self.last_of_warm_up = number
            number += 1
            message = self._frames[min(number % turn, turn - number % turn)]
            stamp = message.header.stamp = Time(seconds=number).to_msg()
            if self._depths is not None and self._infos is not None:
                self._depth.header.stamp = self._info.header.stamp = stamp
                self._infos.publish(self._info)
                self._depths.publish(self._depth)
            self.sent[number] = time.monotonic()
            self._images.publish(message)
            due += 1 / rate_hz
            time.sleep(max(0.0, due - time.monotonic()))

    def _on_cloud(self, msg: PointCloud2) -> None:
        self.clouds += 1

    def _on_mask(self, msg: Image) -> None:
        self._first_at = self._first_at or time.monotonic()
        number = msg.header.stamp.sec
        self.ages_ms.setdefault(number, 1000 * (time.monotonic() - self.sent[number]))


def moving_images(size: tuple[int, int]) -> list[np.ndarray]:
    """One image of the recording, (H, W, 3) RGB of `size`, further to the right in each next."""
    first = next(iter(open_source(str(RECORDING), "", print))).rgb
    still = cv2.resize(first, size[::-1], interpolation=cv2.INTER_AREA)
    return [
        cv2.warpAffine(
            still, np.array([[1, 0, shift], [0, 1, 0.3 * shift]]), size[::-1],
            borderMode=cv2.BORDER_REFLECT,
        )
        for shift in np.arange(0, REACH_PX, STEP_PX)
    ]  # fmt: skip


def measure(
    model: str,
    following: str,
    rate_hz: float,
    seconds: float,
    size: tuple[int, int],
    threads: int,
    with_depth: bool = False,
) -> dict[str, float]:
    """Ages in milliseconds, and the share of images that had a mask, after the warm-up."""
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes:
        values = [f"model:={model}", f"following:={following}", f"threads:={threads}"]
        values += ["depth_topic:=depth"] if with_depth else []
        arguments = ["--ros-args", *(part for value in values for part in ("-p", value))]
        processes.start("llmseg", "llmseg_ros.node", arguments)
        with rclpy.init():
            watcher, executor = Watcher(moving_images(size), with_depth), SingleThreadedExecutor()
            executor.add_node(watcher)
            end = time.monotonic() + START_TIMEOUT_S
            while not watcher.is_connected():
                processes.check()
                if time.monotonic() > end:
                    raise TimeoutError(f"the node took longer than {START_TIMEOUT_S:g} s to start")
                executor.spin_once(timeout_sec=0.05)
            player = threading.Thread(target=watcher.play, args=(rate_hz, seconds))
            player.start()
            while player.is_alive():
                executor.spin_once(timeout_sec=0.05)
    last = watcher.last_of_warm_up
    ages = [age for number, age in watcher.ages_ms.items() if number > last]
    cuts = quantiles(ages, n=100)
    return {
        "period_ms": 1000 / rate_hz,
        "median_age_ms": cuts[49],
        "age_95_ms": cuts[94],
        "age_99_ms": cuts[98],
        "share_with_mask": len(ages) / (len(watcher.sent) - last),
        **({"clouds": watcher.clouds} if with_depth else {}),
    }


def main() -> int:
    """Reads the command line; returns the exit status, 1 if masks are too old with following."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="embedded", help="model directory")
    parser.add_argument("--following", default="flow", help="off, flow, ...")
    parser.add_argument("--rate", type=float, default=30.0, metavar="HZ")
    parser.add_argument("--seconds", type=float, default=20.0, help="to measure")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the images")
    parser.add_argument("--threads", type=int, default=0, help="PyTorch's; 0 is one a core")
    parser.add_argument("--depth", action="store_true", help="with depth images and the cloud")
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    options = parser.parse_args()
    os.environ.update(own_network() | large_message_environment())
    width, height = map(int, options.size.split("x"))
    numbers = measure(
        options.model, options.following, options.rate, options.seconds, (height, width),
        options.threads, options.depth,
    )  # fmt: skip
    for name, value in numbers.items():
        print(f"  {name:16} {value:8.2f}")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    follows = options.following != "off"
    return int(follows and numbers["median_age_ms"] > 1.5 * numbers["period_ms"])


if __name__ == "__main__":
    sys.exit(main())
