# SPDX-License-Identifier: Apache-2.0
"""Asks a recording's questions, round after round, until it is stopped.

For a camera and a node that somebody else starts; the camera must keep the recorded stamps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from llmseg_ros.error_log import ErrorLog
from llmseg_ros.process import StartError, StopSignals
from llmseg_ros.ros_context import ros_context, spin

from .asker import Asker, Outcome
from .ground_truth import GroundTruth

__all__ = ["main"]


def main(arguments: Sequence[str], stop: StopSignals) -> int:
    """Asks until a signal stops it; returns the exit status.

    Raises:
        StartError: the recording has no questions, or an argument for ROS is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m llmseg_ros.demo.ask", description=__doc__)
    parser.add_argument("recording", type=Path, help="recording with ground truth")
    options, ros_arguments = parser.parse_known_args(arguments)
    try:
        truth = GroundTruth.load(options.recording)
    except (OSError, ValueError) as error:
        raise StartError(str(error)) from error
    with ros_context(ros_arguments):
        asker = Asker(truth, show)

        def start_over() -> bool:
            if asker.done:
                asker.start_over()
            return False

        spin(asker, ErrorLog(asker.get_logger()), stop, finished=start_over)
    return 0


def show(outcome: Outcome) -> None:
    """Prints an outcome on one line."""
    print(
        f"found: {outcome.verdict:20} IoU {outcome.iou:.2f}  {outcome.latency_ms:6.0f} ms  "
        f"{outcome.question.instruction}",
        flush=True,
    )
