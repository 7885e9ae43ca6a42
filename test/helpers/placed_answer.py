# SPDX-License-Identifier: Apache-2.0
"""An answer about a block before a wall, with the depth that was captured with its image."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from helpers.depth import block, camera_info, depth_message, stamped
from llmseg_core.masks import mask_areas, masks_to_boxes
from llmseg_core.types import Candidates, Segmentation, Selection
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.messages.frame_sync import FrameSync
from llmseg_ros.messages.placing import Placing, PlacingSettings

DEPTH, MASK = block()
HEADER = stamped(10**9)
MIDDLE = np.array([0.0, 0.0, 0.8])


class Lines:
    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, message: str) -> None:
        self.errors.append(message)

    def warning(self, message: str) -> None:
        self.warnings.append(message)


def answer(
    depth: Image | None = None,
    info: CameraInfo | None = None,
    masks: np.ndarray = MASK[None],
    header: Header = HEADER,
    track_id: int = 0,
) -> SegmentedFrame:
    """An answer whose objects are `masks`, with what was captured."""
    sync = FrameSync(0.02)
    if info is not None:
        sync.add_info(info)
    if depth is not None:
        sync.add_depth(10**9 * depth.header.stamp.sec + depth.header.stamp.nanosec, depth)
    image = np.full((*masks.shape[1:], 3), (10, 20, 30), np.uint8)
    tensor = torch.from_numpy(masks)
    scores = torch.full((len(masks),), 0.9)
    candidates = Candidates(tensor, masks_to_boxes(tensor), mask_areas(tensor), scores, scores)
    found = tuple(range(len(masks)))
    union = masks.any(0) if len(masks) else np.zeros(masks.shape[1:], bool)
    segmentation = Segmentation("the block", union, Selection(found, 0.9), candidates)
    stamp_ns = 10**9 * header.stamp.sec + header.stamp.nanosec
    frame = Frame(image, header, number=1, depth=sync.capture(stamp_ns))
    return SegmentedFrame(frame, segmentation, None, track_id)


def good(**changes: Any) -> SegmentedFrame:
    return answer(**{"depth": depth_message(DEPTH, HEADER), "info": camera_info(HEADER), **changes})


def placing(lines: Lines | None = None, **settings: Any) -> Placing:
    return Placing(ErrorLog(lines or Lines()), PlacingSettings(**settings))
