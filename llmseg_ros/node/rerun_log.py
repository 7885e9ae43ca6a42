# SPDX-License-Identifier: Apache-2.0
"""The node's side of its log for Rerun: opens and ends it as the parameter `rerun` says."""

from __future__ import annotations

from rclpy.node import Node

from llmseg_ros.error_log import ErrorLog
from llmseg_ros.rerun.answer_log import AnswerLog, RerunOutput
from llmseg_ros.rerun.target import RerunTarget

__all__ = ["RerunLog"]

PACKAGE = "rerun-sdk==0.41.0"
STOP_S = 0.3


class RerunLog:
    """A log for as long as the parameter names one. Rerun is not imported before."""

    def __init__(self, node: Node, errors: ErrorLog) -> None:
        """There is no log yet.

        Args:
            node: whose answers are logged.
            errors: gets what fails.
        """
        self._node, self._errors = node, errors
        self._outputs: dict[str, RerunOutput] = {}
        self._asked = ""
        self._log: AnswerLog | None = None

    @property
    def place(self) -> str:
        """The file or address; empty while nothing is logged."""
        return self._log.place if self._log else ""

    def view(self, camera: str) -> RerunOutput:
        """The output of a camera, which logs its answers."""
        output = self._outputs[camera] = RerunOutput(camera)
        output.log = self._log
        return output

    def configure(self, text: str) -> None:
        """Begins another log, or ends it with an empty text; one that cannot be is reported."""
        if text == self._asked:
            return
        self.stop()
        self._asked = text
        if not text:
            return
        try:
            log = AnswerLog(RerunTarget.parse(text), self._errors)
        except ImportError as error:
            self._errors.report(
                "rerun",
                f"nothing is logged, Rerun is not installed ({error}): pip install {PACKAGE}",
            )
        except (OSError, ValueError) as error:
            self._errors.report("rerun", f"nothing is logged: {error}")
        else:
            self._put(log)
            self._node.get_logger().info(f"answers are logged for Rerun: {log.place}")

    def stop(self) -> None:
        """Ends the log, if there is one, and writes what it has."""
        log, self._asked = self._log, ""
        self._put(None)
        if log is not None:
            log.stop(STOP_S)

    def _put(self, log: AnswerLog | None) -> None:
        self._log = log
        for output in self._outputs.values():
            output.log = log
