# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_ros.demo.ask RECORDING`: asks a recording's questions, round after round.

For a camera and a node that somebody else starts; the camera must keep the recorded stamps.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from llmseg_ros.ros_context import ros_context

from .asker import Asker, Outcome
from .ground_truth import GroundTruth


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks until it is interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m llmseg_ros.demo.ask", description=__doc__)
    parser.add_argument("recording", type=Path, help="recording with ground truth")
    options, ros_arguments = parser.parse_known_args(arguments)
    try:
        truth = GroundTruth.load(options.recording)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1

    with ros_context(ros_arguments):
        asker, executor = Asker(truth, show), SingleThreadedExecutor()
        executor.add_node(asker)
        try:
            while rclpy.ok():
                executor.spin_once()
                if asker.done:
                    asker.start_over()
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
    return 0


def show(outcome: Outcome) -> None:
    """Prints an outcome on one line."""
    print(
        f"found: {outcome.verdict:20} IoU {outcome.iou:.2f}  {outcome.latency_ms:6.0f} ms  "
        f"{outcome.question.instruction}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
