# SPDX-License-Identifier: Apache-2.0
"""Measures what ROS adds to inference: all time from publishing an image to what comes of it.

Starts the node as a process of its own, publishes one image at a time over DDS and waits for its
result. The overhead of an image is the time that took, less the inference stages of the result: it
holds both ways over DDS, conversion, waiting for threads, mask and result messages, and finding
places where there is depth. Everything is measured twice in one run: with the result alone, as the
node was at first, and with depth, clouds, boxes, the compressed overlay and (`--rerun`) a log for
Rerun.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header, String
from visualization_msgs.msg import MarkerArray

import llmseg_ros.demo
from llmseg_ros.camera.camera_model import CameraModel
from llmseg_ros.camera.image_sources import open_source
from llmseg_ros.demo.processes import Processes
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.depth_conversions import depth_to_image
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.own_domain import own_network

RECORDING = Path(llmseg_ros.demo.__file__).parent / "recording"
WARM_UP = 5
ROS_STAGES = ("convert", "place", "publish")
START_TIMEOUT_S = 300.0
PAUSE_S = 0.02
"""before an image, as between those of a camera; its depth is there then"""


@dataclass(frozen=True)
class Variant:
    """What is asked of the node.

    Attributes:
        outputs: type of each topic that is listened to, beside the result, by its name.
        depth: whether there are depth images.
        parameters: of the node.
    """

    outputs: dict[str, type]
    depth: bool = False
    parameters: tuple[str, ...] = ()


class Prober(Node):
    """Publishes images and times what comes of them."""

    def __init__(self, variant: Variant) -> None:
        """Makes the node."""
        super().__init__("llmseg_prober")
        self.result: SegmentationResult | None = None
        self._waits_for = {"result", *variant.outputs}
        self._came: dict[str, float] = {}  # time.perf_counter()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._images = self.create_publisher(Image, "image", QoSProfile(depth=1))
        self._instructions = self.create_publisher(String, "llmseg/instruction", 1)
        self._depths = self._infos = None
        if variant.depth:
            self._depths = self.create_publisher(Image, "depth", 1)
            self._infos = self.create_publisher(CameraInfo, "camera_info", 1)
        self.create_subscription(SegmentationResult, "llmseg/result", self._on_result, 5)
        for name, kind in variant.outputs.items():
            self.create_subscription(
                kind, f"llmseg/{name}", lambda _, name=name: self._note(name), 5
            )

    def connect(self, processes: Processes) -> None:
        """Waits for the node and puts an instruction in force."""

        def connected() -> bool:
            processes.check()
            publishers = (self._images, self._instructions)
            return all(publisher.get_subscription_count() for publisher in publishers)

        self._spin_until(connected, START_TIMEOUT_S)
        self._instructions.publish(String(data="something to drink from"))
        self._spin_until(lambda: self.count_publishers("llmseg/result") > 0, START_TIMEOUT_S)

    def probe(
        self, rgb: np.ndarray, depth: np.ndarray, number: int
    ) -> tuple[float, float, dict[str, float]]:
        """Publishes an image.

        Returns:
            Milliseconds until its result, and until the last of the outputs, has come; the stages
            of the result.
        """
        header = Header(stamp=Time(seconds=number).to_msg(), frame_id="camera")
        message = rgb_to_image(rgb, header)
        if self._depths is not None and self._infos is not None:
            camera = CameraModel.from_field_of_view(*rgb.shape[:2])
            self._infos.publish(camera.to_message(header))
            self._depths.publish(depth_to_image(depth, header))
        end = time.perf_counter() + PAUSE_S
        while time.perf_counter() < end:
            pass  # awake, lest this program's waking be measured
        self.result, self._came = None, {}
        start = time.perf_counter()
        self._images.publish(message)
        self._spin_until(lambda: self._waits_for <= set(self._came), 60.0)
        assert self.result is not None
        stages = {stage.stage: stage.milliseconds for stage in self.result.stage_times}
        last = max(self._came.values())
        return 1000 * (self._came["result"] - start), 1000 * (last - start), stages

    def _on_result(self, msg: SegmentationResult) -> None:
        self.result = msg
        self._note("result")

    def _note(self, name: str) -> None:
        self._came[name] = time.perf_counter()

    def _spin_until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"nothing came from the node within {timeout_s:g} s")
            self._executor.spin_once(timeout_sec=0.05)


def measure(
    model: str, frames: int, variant: Variant, size: tuple[int, int], threads: int
) -> dict[str, float]:
    """Medians over `frames` images of `size` (H, W), in milliseconds."""
    first = next(iter(open_source(str(RECORDING), "", print)))
    assert first.depth is not None
    still = cv2.resize(first.rgb, size[::-1], interpolation=cv2.INTER_LINEAR)
    depth = cv2.resize(first.depth.values, size[::-1], interpolation=cv2.INTER_NEAREST)
    totals, all_of_it, inference, convert, place, publish, places = [], [], [], [], [], [], []
    with tempfile.TemporaryDirectory() as logs, Processes(Path(logs)) as processes:
        values = (
            f"model:={model}",
            f"threads:={threads}",
            # Not followed: every result is of a full answer, with all stages.
            "following:=off",
            # One image at a time is published, and none may be lost.
            "qos_overrides./image.subscription.reliability:=reliable",
            # Something is always found, so that there is something to say of it.
            *("rule:=top_iou", "min_presence:=0.0", "min_confidence:=0.0"),
            "accept_unfamiliar:=true",
            *(("depth_topic:=depth",) if variant.depth else ()),
            *variant.parameters,
        )
        arguments = ["--ros-args", *(part for value in values for part in ("-p", value))]
        processes.start("llmseg", "llmseg_ros.node", arguments)
        with rclpy.init():
            prober = Prober(variant)
            prober.connect(processes)
            for number in range(WARM_UP + frames):
                rgb, its_depth = np.roll(still, number, axis=1), np.roll(depth, number, axis=1)
                total_ms, all_ms, stages = prober.probe(rgb, its_depth, number + 1)
                if number >= WARM_UP:
                    totals.append(total_ms)
                    all_of_it.append(all_ms)
                    convert.append(stages["convert"])
                    place.append(stages.get("place", 0.0))
                    publish.append(stages["publish"])
                    inference.append(
                        sum(ms for stage, ms in stages.items() if stage not in ROS_STAGES)
                    )
                    assert prober.result is not None
                    places.append(sum(place.valid for place in prober.result.places))

    def beyond(values: list[float]) -> float:
        return median(each - own for each, own in zip(values, inference, strict=True))

    return {
        "ros_overhead_ms": beyond(totals),
        "with_all_outputs_ms": beyond(all_of_it),
        "convert_ms": median(convert),
        "place_ms": median(place),
        "publish_ms": median(publish),
        "inference_ms": median(inference),
        "places": median(places),
    }


def main() -> int:
    """Reads the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="embedded", help="model directory")
    parser.add_argument("--frames", type=int, default=30, help="images to measure")
    parser.add_argument("--overlay", action="store_true", help="listen to the raw overlay as well")
    parser.add_argument("--rerun", action="store_true", help="log for Rerun, too, into a file")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the images")
    parser.add_argument("--threads", type=int, default=0, help="PyTorch's; 0 is one a core")
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    arguments = parser.parse_args()
    os.environ.update(own_network() | large_message_environment())
    width, height = map(int, arguments.size.split("x"))
    overlay = {"overlay": Image} if arguments.overlay else {}
    new = {"points": PointCloud2, "markers": MarkerArray, "overlay/compressed": CompressedImage}
    with tempfile.TemporaryDirectory() as folder:
        log = (f"rerun:={folder}/log.rrd",) if arguments.rerun else ()
        variants = {
            "result alone": Variant(overlay),
            "depth and outputs": Variant({**overlay, **new}, depth=True, parameters=log),
        }
        numbers = {
            name: measure(
                arguments.model, arguments.frames, variant, (height, width), arguments.threads
            )
            for name, variant in variants.items()
        }
    print(f"medians over {arguments.frames} images of {width} x {height}:")
    print(f"  {'':20}" + "".join(f"{name:>20}" for name in numbers))
    for key in next(iter(numbers.values())):
        print(f"  {key:20}" + "".join(f"{each[key]:20.2f}" for each in numbers.values()))
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
