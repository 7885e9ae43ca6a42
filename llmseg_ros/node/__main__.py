# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_ros.node`: the process of the segmentation node."""

from __future__ import annotations

from llmseg_ros.process import Executable

__all__ = ["NODE"]

NODE = Executable(
    "llmseg_node",
    "llmseg_ros.node.segmentation_node",
    "llmseg_ros.node.help",
    first_line="importing PyTorch, which takes seconds",
)

if __name__ == "__main__":
    NODE.run()
