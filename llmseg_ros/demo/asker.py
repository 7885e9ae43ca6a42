# SPDX-License-Identifier: Apache-2.0
"""The node that asks a recording's questions while their scenes are shown.

It asks one question at a time and goes by the stamps of the results, so it works at any speed of
camera and inference: a question stays in force until a result shows its scene. If its scene has
gone by, another scene's question is asked and this one comes again in the next round.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from llmseg_core.metrics.mask_iou import mask_iou
from llmseg_ros.messages.conversions import image_to_rgb
from llmseg_ros.msg import SegmentationResult

from .ground_truth import GroundTruth, Question

__all__ = ["Asker", "Outcome"]

QUEUE_DEPTH = 50


@dataclass(frozen=True)
class Outcome:
    """The answer to a question, compared with the ground truth.

    Attributes:
        question: what was asked.
        stamp_ns: the frame that was answered.
        found: whether the node found anything.
        followed: whether the answer was carried along to this frame from an earlier one.
        confidence: of the answer, [0, 1].
        iou: of the answer and the ground truth, [0, 1]; 1 if both are empty.
        latency_ms: from publishing the instruction to receiving the result.
        mask: (H, W) the answer.
        overlay_number: which of the overlays with this stamp shows it.
    """

    question: Question
    stamp_ns: int
    found: bool
    followed: bool
    confidence: float
    iou: float
    latency_ms: float
    mask: NDArray[np.bool_]
    overlay_number: int

    @property
    def right(self) -> bool:
        """Whether the node found something where there is something, and nothing elsewhere."""
        return self.found == bool(self.question.targets)

    @property
    def verdict(self) -> str:
        """`found` and `right` in words."""
        return ("yes" if self.found else "nothing fits") + ("" if self.right else " (wrong)")


class Asker(Node):
    """Publishes instructions, and collects results and overlays.

    Attributes:
        outcomes: what was answered so far.
        failure: what the node reports if it cannot be configured; else empty.
        ready: whether a first answer came, after which questions are measured.
    """

    def __init__(self, truth: GroundTruth, on_outcome: Callable[[Outcome], None]) -> None:
        """Makes the node; it asks as soon as images come.

        Args:
            truth: questions and right answers.
            on_outcome: gets each outcome.
        """
        super().__init__("llmseg_asker")
        self.outcomes: list[Outcome] = []
        self.failure = ""
        self.ready = False
        self._truth = truth
        self._on_outcome = on_outcome
        self._open = list(truth.questions)
        self._asked: Question | None = None
        self._asked_at = 0.0
        self._shown_scene: int | None = None
        self._results: dict[int, int] = defaultdict(int)  # how many came, by stamp
        self._overlays: dict[int, list[Image]] = defaultdict(list)
        self._warm_up_stamps: set[int] = set()
        self._instructions = self.create_publisher(String, "llmseg/instruction", QUEUE_DEPTH)
        self.create_subscription(
            CameraInfo, "camera_info", self._on_camera, qos_profile_sensor_data
        )
        self.create_subscription(SegmentationResult, "llmseg/result", self._on_result, QUEUE_DEPTH)
        self.create_subscription(Image, "llmseg/overlay", self._on_overlay, QUEUE_DEPTH)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, QUEUE_DEPTH)

    @property
    def done(self) -> bool:
        """Whether every question was answered, and every overlay has come."""
        return not self._open and all(
            self._overlay(outcome) is not None for outcome in self.outcomes
        )

    def start_over(self) -> None:
        """Forgets the answers and asks everything again."""
        self._open = list(self._truth.questions)
        self.outcomes.clear()
        self._overlays.clear()
        self._results.clear()
        self._warm_up_stamps.clear()
        self.ready = False

    def overlay_pixels(self, outcome: Outcome) -> NDArray[np.uint8]:
        """The overlay that the node published with an outcome, (H, W, 3) RGB; for use when done."""
        overlay = self._overlay(outcome)
        if overlay is None:
            raise LookupError(f"the overlay of {outcome.question.instruction!r} has not come")
        return image_to_rgb(overlay)

    def _overlay(self, outcome: Outcome) -> Image | None:
        overlays = self._overlays.get(outcome.stamp_ns, [])
        number = outcome.overlay_number
        return overlays[number] if number < len(overlays) else None

    def _on_camera(self, msg: CameraInfo) -> None:
        self._shown_scene = self._truth.scene_at(_stamp_ns(msg.header))
        if self._instructions.get_subscription_count() and self._asked is None:
            self._ask()

    def _ask(self) -> None:
        """Asks the next question about the scene that is shown, if there is one."""
        questions = [question for question in self._open if question.scene == self._shown_scene]
        self._asked = questions[0] if questions else None
        self._asked_at = time.monotonic()
        if self._asked is not None:
            self._instructions.publish(String(data=self._asked.instruction))

    def _on_result(self, msg: SegmentationResult) -> None:
        now, stamp_ns = time.monotonic(), _stamp_ns(msg.header)
        number = self._results[stamp_ns]
        self._results[stamp_ns] += 1
        if self._warm_up(stamp_ns):
            return
        question = self._asked
        if question is None or msg.instruction != question.instruction:
            return
        if stamp_ns in self._warm_up_stamps or self._truth.scene_at(stamp_ns) != question.scene:
            if self._shown_scene != question.scene:
                self._ask()
            return
        mask = np.frombuffer(msg.mask.data, np.uint8).reshape(msg.mask.height, -1) > 0
        outcome = Outcome(
            question=question,
            stamp_ns=stamp_ns,
            found=msg.found,
            followed=msg.followed,
            confidence=msg.confidence,
            iou=mask_iou(mask, self._truth.target(question, stamp_ns)),
            latency_ms=1000 * (now - self._asked_at),
            mask=mask,
            overlay_number=number,
        )
        self._open.remove(question)
        self.outcomes.append(outcome)
        self._on_outcome(outcome)
        self._ask()

    def _on_overlay(self, msg: Image) -> None:
        stamp_ns = _stamp_ns(msg.header)
        self._overlays[stamp_ns].append(msg)
        self._warm_up(stamp_ns)

    def _warm_up(self, stamp_ns: int) -> bool:
        """Whether results and overlays have only begun to arrive, so that one may lack its other.

        Once both arrive, the n-th result of a frame and its n-th overlay belong together. Frames
        that were answered before are not used.
        """
        if self.ready:
            return False
        self._warm_up_stamps.add(stamp_ns)
        self.ready = bool(self._results) and bool(self._overlays)
        if self.ready:
            self._ask()
        return True

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.level == DiagnosticStatus.ERROR and "cannot " in status.message:
                self.failure = status.message


def _stamp_ns(header: Header) -> int:
    return header.stamp.sec * 10**9 + header.stamp.nanosec
