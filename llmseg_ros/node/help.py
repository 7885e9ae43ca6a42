# SPDX-License-Identifier: Apache-2.0
"""What `llmseg_node --help` prints; imports no PyTorch."""

from __future__ import annotations

from llmseg_core.config import SelectionConfig
from llmseg_ros.program_help import program_help

from .parameters import NODE_PARAMETERS
from .selection_parameters import selection_parameters

__all__ = ["help_text"]

SUMMARY = (
    "The lifecycle node llmseg: takes camera images and an instruction in natural language, and "
    "publishes the mask of what the instruction means. It configures and activates itself unless "
    "autostart is false."
)
INTERFACES = (
    ("image (in)", "sensor_msgs/Image", "the camera's images; remap it: -r image:=/camera/image"),
    ("~/instruction (in)", "std_msgs/String", "in force until the next one; empty ends answering"),
    ("~/mask (out)", "sensor_msgs/Image", "mono8, 0 or 255"),
    ("~/overlay (out)", "sensor_msgs/Image", "bgr8, made only while somebody listens"),
    ("~/result (out)", "llmseg_ros/SegmentationResult", "found, confidence, mask, scores, times"),
    ("~/segment (service)", "llmseg_ros/Segment", "one instruction on one image"),
    ("/diagnostics (out)", "diagnostic_msgs/DiagnosticArray", "state, counts, last error"),
)


def help_text() -> str:
    """The text; defaults of the selection parameters are a model's own."""
    table = (*NODE_PARAMETERS, *selection_parameters(SelectionConfig()))
    note = " The defaults of the last four are the model's own."
    return program_help("llmseg_node", SUMMARY + note, INTERFACES, table)
