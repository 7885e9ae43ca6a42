# SPDX-License-Identifier: Apache-2.0
"""The node's state as `diagnostic_msgs`, for `/diagnostics`."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from llmseg_ros.error_log import shortened

from .mailbox import Statistics

__all__ = ["STALE_INPUT_S", "NodeState", "diagnostic_status"]

STALE_INPUT_S = 2.0
"""seconds without an image after which the input counts as stale"""

ERROR_SHOWN_S = 5.0
"""seconds for which an error of inference or of an image is the node's state"""

LONG_ANSWER_S = 30.0
"""seconds from which an answer that is in work is the node's state"""


@dataclass(frozen=True)
class NodeState:
    """What the node knows of itself.

    Attributes:
        name: the node's full name.
        lifecycle: label of the lifecycle state.
        model: the model directory.
        device: the torch device.
        image_topic: the resolved topic that images come from.
        instruction: the instruction in force, perhaps empty.
        statistics: the counters since activation.
        input_age_s: seconds since the last image came; None if none came since activation.
        last_answer_ms: how long the last answer took; None if there was none.
        last_error: what failed last; empty if nothing did.
        error_age_s: seconds since `last_error`; None if there was none.
        loading: the model directory that is being loaded; empty if none is.
        loading_s: seconds that it has been loaded for; None if none is.
        busy_s: seconds that the answer in work has taken so far; None if there is none in work.
        trouble: why no answer can be given, as the inference thread is not working or the server
            of the VLM is away; empty while one can.
        no_image: why no image comes; empty while they come.
        no_image_for_good: whether none will come until somebody changes something.
    """

    name: str
    lifecycle: str
    model: str
    device: str
    image_topic: str
    instruction: str
    statistics: Statistics
    input_age_s: float | None
    last_answer_ms: float | None
    last_error: str
    error_age_s: float | None
    loading: str = ""
    loading_s: float | None = None
    busy_s: float | None = None
    trouble: str = ""
    no_image: str = ""
    no_image_for_good: bool = False

    @property
    def lacks_image(self) -> bool:
        """Whether the node is active and no image came of late."""
        return self.lifecycle == "active" and (
            self.input_age_s is None or self.input_age_s > STALE_INPUT_S
        )


def diagnostic_status(state: NodeState) -> DiagnosticStatus:
    """One status.

    ERROR while answering fails or no image can come, WARN while it has nothing to work on, else OK.
    """
    level, message = _judge(state)
    values = {
        "lifecycle state": state.lifecycle,
        "model": state.model,
        "loading model": state.loading,
        "loading for [s]": _number(state.loading_s),
        "device": state.device,
        "image topic": state.image_topic,
        "instruction": shortened(state.instruction),
        "frames received": str(state.statistics.received),
        "answers": str(state.statistics.processed),
        "frames dropped": str(state.statistics.dropped),
        "failures": str(state.statistics.failed),
        "input age [s]": _number(state.input_age_s),
        "last answer took [ms]": _number(state.last_answer_ms),
        "answer in work for [s]": _number(state.busy_s),
        "last error": state.last_error,
        "last error age [s]": _number(state.error_age_s),
    }
    return DiagnosticStatus(
        level=level,
        name=f"{state.name.lstrip('/')}: segmentation",
        message=message,
        hardware_id=state.device,
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


def _judge(state: NodeState) -> tuple[bytes, str]:
    if state.trouble:
        return DiagnosticStatus.ERROR, state.trouble
    if state.error_age_s is not None and state.error_age_s <= ERROR_SHOWN_S:
        return DiagnosticStatus.ERROR, state.last_error
    if state.lifecycle == "configuring":
        return DiagnosticStatus.WARN, f"loading {state.loading}, {state.loading_s or 0:.0f} s"
    if state.lifecycle != "active":
        if state.last_error:
            return DiagnosticStatus.ERROR, f"{state.lifecycle}: {state.last_error}"
        return DiagnosticStatus.WARN, f"{state.lifecycle}: activate the node to get masks"
    if state.busy_s is not None and state.busy_s > LONG_ANSWER_S:
        return DiagnosticStatus.WARN, f"an answer has been in work for {state.busy_s:.0f} s"
    if state.lacks_image:
        age_s, level = state.input_age_s, DiagnosticStatus.WARN
        missing = f"no image has come on {state.image_topic}"
        if age_s is not None:
            missing = f"the last image on {state.image_topic} came {age_s:.1f} s ago"
        if state.no_image_for_good:
            level = DiagnosticStatus.ERROR
        return level, missing + (f": {state.no_image}" if state.no_image else "")
    if not state.instruction:
        return DiagnosticStatus.OK, "waiting for an instruction"
    return DiagnosticStatus.OK, "segmenting"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
