# SPDX-License-Identifier: Apache-2.0
"""Ways in and out of a node that `make soak` goes, and what is at their other ends."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from helpers.depth import camera_info
from helpers.tiny_prompted import tiny_sam2_video
from llmseg_ros.messages.depth_conversions import depth_to_image

__all__ = ["PLAIN", "QUEUE", "Looker", "Mode", "SoakCamera"]

QUEUE = 200
"""frames that may wait in the middleware: three seconds at 60 Hz, so that none is lost there"""


@dataclass(frozen=True)
class Mode:
    """What the node is to do.

    Attributes:
        following: its parameter of that name.
        cameras: their names; an empty one is the only one.
        compressed: whether images come as JPEG.
        depth: whether each has a depth image, and clouds are listened to.
        web_port: of the live page, which somebody looks at; 0 is none.
        rerun: where answers are logged for Rerun; "" is nowhere.
        following_model: of `following: video`.
    """

    following: str = "off"
    cameras: tuple[str, ...] = ("",)
    compressed: bool = False
    depth: bool = False
    web_port: int = 0
    rerun: str = ""
    following_model: str = ""

    def with_sam2(self, folder: Path) -> Mode:
        """The same with small random weights of SAM 2 in a folder, if it follows by them."""
        if self.following != "video":
            return self
        torch.manual_seed(0)
        tiny_sam2_video().save_pretrained(folder / "sam")
        return replace(self, following_model=str(folder))

    @property
    def topics(self) -> list[str]:
        """Of the cameras' images."""
        suffix = "/compressed" if self.compressed else ""
        return [f"{place(name)}image{suffix}" for name in self.cameras]

    @property
    def parameters(self) -> dict[str, object]:
        """Of the node; no frame may be lost on the way."""
        values: dict[str, object] = {"following": self.following, "web_port": self.web_port}
        for name in ("rerun", "following_model"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        if self.compressed:
            values["image_transport"] = "compressed"
        if self.depth:
            values["depth_topic"] = "depth"
        if self.cameras != ("",):
            values["cameras"] = f"[{', '.join(self.cameras)}]"
        for topic in self.topics:
            values[f"qos_overrides./{topic}.subscription.reliability"] = "reliable"
            values[f"qos_overrides./{topic}.subscription.depth"] = QUEUE
        return values


PLAIN = Mode()
"""one camera, raw images, every answer of one frame"""


class SoakCamera:
    """One camera, which sends depth before each image if there is to be any."""

    def __init__(self, own: Node, mode: Mode, name: str, size: tuple[int, int]) -> None:
        """Makes its publishers in the node `own`; images have `size` (H, W)."""
        kind, suffix = (CompressedImage, "/compressed") if mode.compressed else (Image, "")
        at = place(name)
        self._images = own.create_publisher(kind, f"{at}image{suffix}", QoSProfile(depth=QUEUE))
        self._depths = self._infos = None
        if mode.depth:
            self._depth = depth_to_image(np.full(size, 800, np.uint16), Image().header)
            self._info = camera_info(Image().header, *size)
            self._depths = own.create_publisher(Image, f"{at}depth", 5)
            self._infos = own.create_publisher(CameraInfo, f"{at}camera_info", 5)
            own.create_subscription(PointCloud2, f"llmseg/{at}points", lambda _: None, 5)

    def is_taken(self) -> bool:
        """Whether the node takes all that it sends."""
        publishers = (self._images, self._depths, self._infos)
        return all(one is None or one.get_subscription_count() > 0 for one in publishers)

    def send(self, frame: Image | CompressedImage) -> None:
        """Sends an image, and what belongs to it."""
        if self._depths is not None and self._infos is not None:
            self._depth.header = self._info.header = frame.header
            self._infos.publish(self._info)
            self._depths.publish(self._depth)
        self._images.publish(frame)


class Looker:
    """Somebody who looks at the live page from now on, if there is one."""

    def __init__(self, mode: Mode) -> None:
        self.pictures = 0
        """that were seen"""
        self._ended = threading.Event()
        self._url = f"http://127.0.0.1:{mode.web_port}/api/view?camera={mode.cameras[0]}&after="
        self._thread = threading.Thread(target=self._look, daemon=True)
        if mode.web_port:
            self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def _look(self) -> None:
        while not self._ended.is_set():
            try:
                with urllib.request.urlopen(f"{self._url}{self.pictures}", timeout=5.0) as reply:
                    seen: Any = reply.read()
                    self.pictures += bool(seen)
            except (urllib.error.URLError, TimeoutError):
                self._ended.wait(0.1)


def place(camera: str) -> str:
    """What a camera's topics begin with."""
    return f"{camera}/" if camera else ""
