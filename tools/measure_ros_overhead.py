# SPDX-License-Identifier: Apache-2.0
"""Measures what ROS adds to inference: all time from publishing an image to having its result.

Starts the node as a process of its own, publishes one image at a time over DDS and waits for its
result. The overhead of an image is the time that took, less the inference stages of the result: it
holds both ways over DDS, conversion, waiting for threads, mask and result messages, and the
overlay where one is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from llmseg_ros.demo.processes import Processes
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.msg import SegmentationResult

WARM_UP = 5
ROS_STAGES = ("convert", "publish")
START_TIMEOUT_S = 300.0


class Prober(Node):
    """Publishes images and times their results."""

    def __init__(self, with_overlay: bool) -> None:
        """Makes the node; `with_overlay` also listens to the overlay."""
        super().__init__("llmseg_prober")
        self.result: SegmentationResult | None = None
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._images = self.create_publisher(Image, "image", QoSProfile(depth=1))
        self._instructions = self.create_publisher(String, "llmseg/instruction", 1)
        self.create_subscription(SegmentationResult, "llmseg/result", self._on_result, 5)
        if with_overlay:
            self.create_subscription(Image, "llmseg/overlay", lambda _: None, 5)

    def connect(self, processes: Processes) -> None:
        """Waits for the node and puts an instruction in force."""

        def connected() -> bool:
            processes.check()
            publishers = (self._images, self._instructions)
            return all(publisher.get_subscription_count() for publisher in publishers)

        self._spin_until(connected, START_TIMEOUT_S)
        self._instructions.publish(String(data="something to drink from"))
        self._spin_until(lambda: self.count_publishers("llmseg/result") > 0, START_TIMEOUT_S)

    def probe(self, rgb: np.ndarray, number: int) -> tuple[float, dict[str, float]]:
        """Milliseconds from publishing an image to having its result, and the result's stages."""
        message = rgb_to_image(rgb, Header(stamp=Time(seconds=number).to_msg(), frame_id="camera"))
        self.result = None
        start = time.perf_counter()
        self._images.publish(message)
        self._spin_until(lambda: self.result is not None, 60.0)
        total_ms = 1000 * (time.perf_counter() - start)
        assert self.result is not None
        stages = {stage.stage: stage.milliseconds for stage in self.result.stage_times}
        return total_ms, stages

    def _on_result(self, msg: SegmentationResult) -> None:
        self.result = msg

    def _spin_until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"nothing came from the node within {timeout_s:g} s")
            self._executor.spin_once(timeout_sec=0.05)


def measure(
    model: str, frames: int, with_overlay: bool, size: tuple[int, int], threads: int
) -> dict[str, float]:
    """Medians over `frames` images of `size` (H, W), in milliseconds."""
    rng = np.random.default_rng(0)
    totals, inference, convert, publish = [], [], [], []
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes:
        # Reliable: one image at a time is published, and none may be lost.
        reliable = "qos_overrides./image.subscription.reliability:=reliable"
        # Not followed: every result is of a full answer, with all stages.
        values = (f"model:={model}", f"threads:={threads}", "following:=off", reliable)
        arguments = ["--ros-args", *(part for value in values for part in ("-p", value))]
        processes.start("llmseg", "llmseg_ros.node", arguments)
        with rclpy.init():
            prober = Prober(with_overlay)
            prober.connect(processes)
            for number in range(WARM_UP + frames):
                rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
                total_ms, stages = prober.probe(rgb, number + 1)
                if number >= WARM_UP:
                    totals.append(total_ms)
                    convert.append(stages["convert"])
                    publish.append(stages["publish"])
                    inference.append(
                        sum(ms for stage, ms in stages.items() if stage not in ROS_STAGES)
                    )
    overheads = [total - own for total, own in zip(totals, inference, strict=True)]
    return {
        "ros_overhead_ms": median(overheads),
        "convert_ms": median(convert),
        "publish_ms": median(publish),
        "inference_ms": median(inference),
        "total_ms": median(totals),
    }


def main() -> int:
    """Reads the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="embedded", help="model directory")
    parser.add_argument("--frames", type=int, default=30, help="images to measure")
    parser.add_argument("--overlay", action="store_true", help="listen to the overlay as well")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the images")
    parser.add_argument("--threads", type=int, default=0, help="PyTorch's; 0 is one a core")
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    arguments = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ.update(large_message_environment())
    width, height = map(int, arguments.size.split("x"))
    numbers = measure(
        arguments.model, arguments.frames, arguments.overlay, (height, width), arguments.threads
    )
    print(f"medians over {arguments.frames} images of {width} x {height}:")
    for name, value in numbers.items():
        print(f"  {name:16} {value:8.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
