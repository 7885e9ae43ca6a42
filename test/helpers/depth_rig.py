# SPDX-License-Identifier: Apache-2.0
"""A segmentation node with a depth camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from helpers.depth import camera_info, compressed_depth, depth_message, stamped
from helpers.observer import Observer
from helpers.pictures import picture
from helpers.segmentation_rig import SegmentationRig
from llmseg_ros.messages.conversions import rgb_to_image

HEIGHT, WIDTH = 60, 80
RAW, COMPRESSED = "camera/depth/image_raw", "camera/depth/image_raw/compressedDepth"
SLANTED = np.linspace(0.6, 0.9, WIDTH, dtype=np.float32) * np.ones((HEIGHT, 1), np.float32)


class DepthRig(SegmentationRig):
    """A node with a depth camera; whatever is found lies on a slanted wall."""

    def __init__(self, observer: Observer, topic: str = RAW, **parameters: Any) -> None:
        super().__init__(observer, depth_topic=topic, **parameters)
        message_type = CompressedImage if topic == COMPRESSED else Image
        node = observer.node
        self.depths = node.create_publisher(message_type, topic, QoSProfile(depth=50))
        self.infos = node.create_publisher(CameraInfo, "camera/depth/camera_info", 50)

    def wait_until_connected(self) -> None:
        super().wait_until_connected()
        for publisher in (self.depths, self.infos):
            self.observer.wait_until(lambda p=publisher: p.get_subscription_count() > 0)

    def photograph(self, second: int, depth: np.ndarray = SLANTED, later_ms: int = 0) -> None:
        """Shows a picture and its depth, of one moment or not."""
        header = stamped(10**9 * second)
        self.infos.publish(camera_info(header, HEIGHT, WIDTH))
        late = stamped(10**9 * second + 10**6 * later_ms)
        make = compressed_depth if self.depths.msg_type is CompressedImage else depth_message
        self.depths.publish(make(depth, late))
        self.observer.spin_for(0.1)  # so that they come first, whichever the node takes
        self.show(rgb_to_image(picture(0, HEIGHT, WIDTH), header))
