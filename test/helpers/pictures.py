# SPDX-License-Identifier: Apache-2.0
"""Small images and frames for the tests of the camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from llmseg_ros.camera.camera_frame import CameraFrame
from llmseg_ros.camera.camera_model import CameraModel

CAMERA = CameraModel.from_field_of_view(48, 64, 70.0)
SECOND = 10**9


def picture(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A smooth colourful image, which JPEG keeps nearly as it is."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)


def write_image(path: Path, rgb: np.ndarray) -> None:
    assert cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def frames(count: int = 3) -> list[CameraFrame]:
    return [
        CameraFrame(picture(i), f"scene {i}", stamp_ns=(100 + i) * SECOND // 2, camera=CAMERA)
        for i in range(count)
    ]
