# SPDX-License-Identifier: Apache-2.0
"""The node's state as `diagnostic_msgs`, for `/diagnostics`."""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from llmseg_ros.error_log import shortened

from .mailbox import Statistics

__all__ = ["CameraState", "NodeState", "diagnostic_status"]

STALE_INPUT_S = 2.0
"""seconds without an image after which the input counts as stale"""

ERROR_SHOWN_S = 5.0
"""seconds for which an error of inference or of an image is the node's state"""

LONG_ANSWER_S = 30.0
"""seconds from which an answer that is in work is the node's state"""


@dataclass(frozen=True)
class CameraState:
    """What the node knows of a camera.

    Attributes:
        image_topic: the resolved topic that images come from.
        instruction: the instruction in force, perhaps empty.
        name: of the camera; empty for the only one.
        statistics: the counters since activation.
        input_age_s: seconds since the last image came; None if none came since activation.
        last_answer_ms: how long the last answer took; None if there was none.
        is_wanted: whether somebody listens to an output, or `always_on` says so.
        no_image: why no image comes; empty while they come.
        no_image_for_good: whether none will come until somebody changes something.
        unfamiliarity: of the image that was answered last, above 1 unfamiliar; None if not known.
        unfamiliar: what is to be said while it is; empty while it is not.
    """

    image_topic: str
    instruction: str
    name: str = ""
    statistics: Statistics = field(default_factory=Statistics)
    input_age_s: float | None = None
    last_answer_ms: float | None = None
    is_wanted: bool = True
    no_image: str = ""
    no_image_for_good: bool = False
    unfamiliarity: float | None = None
    unfamiliar: str = ""

    @property
    def lacks_image(self) -> bool:
        """Whether no image came of late."""
        return self.input_age_s is None or self.input_age_s > STALE_INPUT_S


@dataclass(frozen=True)
class NodeState:
    """What the node knows of itself.

    Attributes:
        name: the node's full name.
        lifecycle: label of the lifecycle state.
        model: the model directory.
        device: the torch device.
        last_error: what failed last; empty if nothing did.
        error_age_s: seconds since `last_error`; None if there was none.
        loading: the model directory that is being loaded; empty if none is.
        loading_s: seconds that it has been loaded for; None if none is.
        busy_s: seconds that the answer in work has taken so far; None if there is none in work.
        trouble: why no answer can be given, as the inference thread is not working or the server
            of the VLM is away; empty while one can.
        is_enabled: whether `~/enable` lets it answer.
    """

    name: str
    lifecycle: str
    model: str
    device: str
    last_error: str = ""
    error_age_s: float | None = None
    loading: str = ""
    loading_s: float | None = None
    busy_s: float | None = None
    trouble: str = ""
    is_enabled: bool = True


def diagnostic_status(state: NodeState, camera: CameraState) -> DiagnosticStatus:
    """One status.

    ERROR while answering fails or no image can come, WARN while it has nothing to work on or the
    images are unlike what the model knows, else OK.
    """
    level, message = _judge(state, camera)
    values = {
        "lifecycle state": state.lifecycle,
        "model": state.model,
        "loading model": state.loading,
        "loading for [s]": _number(state.loading_s),
        "device": state.device,
        "image topic": camera.image_topic,
        "instruction": shortened(camera.instruction),
        "frames received": str(camera.statistics.received),
        "answers": str(camera.statistics.processed),
        "frames dropped": str(camera.statistics.dropped),
        "failures": str(camera.statistics.failed),
        "input age [s]": _number(camera.input_age_s),
        "last answer took [ms]": _number(camera.last_answer_ms),
        "unfamiliarity": _number(camera.unfamiliarity),
        "answer in work for [s]": _number(state.busy_s),
        "last error": state.last_error,
        "last error age [s]": _number(state.error_age_s),
    }
    return DiagnosticStatus(
        level=level,
        name=f"{state.name.lstrip('/')}: segmentation {camera.name}".rstrip(),
        message=message,
        hardware_id=state.device,
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


def _judge(state: NodeState, camera: CameraState) -> tuple[bytes, str]:
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
    if not state.is_enabled:
        return DiagnosticStatus.OK, "paused by a call of ~/enable"
    if camera.lacks_image:
        age_s, level = camera.input_age_s, DiagnosticStatus.WARN
        missing = f"no image has come on {camera.image_topic}"
        if age_s is not None:
            missing = f"the last image on {camera.image_topic} came {age_s:.1f} s ago"
        if camera.no_image_for_good:
            level = DiagnosticStatus.ERROR
        return level, missing + (f": {camera.no_image}" if camera.no_image else "")
    if not camera.instruction:
        return DiagnosticStatus.OK, "waiting for an instruction"
    if not camera.is_wanted:
        return DiagnosticStatus.OK, "idle: nobody listens to an output (always_on is false)"
    if camera.unfamiliar:
        return DiagnosticStatus.WARN, camera.unfamiliar
    return DiagnosticStatus.OK, "segmenting"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
