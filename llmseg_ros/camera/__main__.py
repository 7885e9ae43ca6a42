# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_ros.camera`: the process of the camera node."""

from __future__ import annotations

from llmseg_ros.process import Executable

__all__ = ["CAMERA"]

CAMERA = Executable("llmseg_camera", "llmseg_ros.camera.camera_node", "llmseg_ros.camera.help")

if __name__ == "__main__":
    CAMERA.run()
