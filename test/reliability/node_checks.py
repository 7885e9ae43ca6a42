# SPDX-License-Identifier: Apache-2.0
"""What must hold for malformed messages, calls and parameters, sent to a node over DDS."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from action_msgs.msg import GoalStatus
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from rclpy.task import Future
from std_msgs.msg import String

from helpers.node_process import ANSWER_S, NodeProcess
from llmseg_ros.action import SegmentObject
from llmseg_ros.error_log import VALUES
from llmseg_ros.srv import Segment

from . import malformed_messages
from .cases import Case
from .message_fields import goal_message, image_message, parameter_message
from .odd_values import odd_number, odd_text

__all__ = ["NODE_CHECKS", "NodeCheck", "logged_classes", "same_class"]

CLASS_CHARACTERS = 200
"""of a reason that tell its class, once values are taken out"""


class NodeCheck:
    """One kind of input, sent to one node process.

    Attributes:
        base: a valid case.
    """

    base: Case

    def __init__(self, node: NodeProcess) -> None:
        self.node = node

    def generate(self, choose: random.Random) -> Case:
        """A case."""
        raise NotImplementedError

    def send(self, case: Case) -> Any:
        """Sends it; returns a future where an answer must come."""
        raise NotImplementedError

    def judge(self, case: Case, response: Any) -> None:
        """Raises AssertionError for an answer that must not be."""

    def try_all(self, cases: list[Case]) -> None:
        """Sends them and waits for the answers.

        Raises:
            TimeoutError: an answer does not come.
            AssertionError: one must not be.
        """
        futures = [(case, self.send(case)) for case in cases]
        waiting = [(case, future) for case, future in futures if future is not None]
        self.node.observer.wait_until(
            lambda: (
                all(future.done() for _, future in waiting) or not self.node.program.is_running()
            ),
            ANSWER_S,
        )
        for case, future in waiting:
            assert future.done(), "the node's process has ended"
            self.judge(case, future.result())
        self.node.observer.spin_for(0.02)


class Images(NodeCheck):
    """Messages on `image`."""

    base = malformed_messages.IMAGE

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.image(choose)

    def send(self, case: Case) -> None:
        self.node.images.publish(image_message(case))
        self.node.observer.spin_for(0.002)  # the queue of a camera is short


class Instructions(NodeCheck):
    """Messages on `~/instruction`, each with an image to answer them on."""

    base = malformed_messages.INSTRUCTION

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.instruction(choose)

    def send(self, case: Case) -> None:
        self.node.instructions.publish(String(data=case["text"]))
        self.node.images.publish(image_message(malformed_messages.IMAGE))
        self.node.observer.spin_for(0.01)


class RawBytes(NodeCheck):
    """Bytes that are no message, from publishers of their own."""

    message: Any
    topic: str

    def __init__(self, node: NodeProcess) -> None:
        super().__init__(node)
        self._whole = serialize_message(self.message)
        self.base = {"data": self._whole}

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.damaged_message(choose, self._whole)

    def send(self, case: Case) -> None:
        self._publisher.publish(case["data"])
        self.node.observer.spin_for(0.002)

    def try_all(self, cases: list[Case]) -> None:
        own = self.node.observer.node
        self._publisher = own.create_publisher(type(self.message), self.topic, QoSProfile(depth=50))
        try:
            self.node.observer.wait_until(
                lambda: self._publisher.get_subscription_count() > 0, ANSWER_S
            )
            super().try_all(cases)
        finally:
            own.destroy_publisher(self._publisher)


class RawImages(RawBytes):
    """Bytes on `image`."""

    message, topic = image_message(malformed_messages.IMAGE), "image"


class RawInstructions(RawBytes):
    """Bytes on `~/instruction`."""

    message, topic = String(data="something to drink from"), "llmseg/instruction"


class Calls(NodeCheck):
    """Calls of `~/segment`."""

    base = malformed_messages.IMAGE | malformed_messages.INSTRUCTION

    def generate(self, choose: random.Random) -> Case:
        image, words = dict(malformed_messages.IMAGE), {"text": "mug"}
        if choose.random() < 0.8:
            image = malformed_messages.image(choose)
        if choose.random() < 0.5:
            words = malformed_messages.instruction(choose)
        return image | words

    def send(self, case: Case) -> Any:
        request = Segment.Request(instruction=case["text"], image=image_message(case))
        return self.node.send(Segment, "segment", request)

    def judge(self, case: Case, response: Any) -> None:
        if not response.success:
            assert response.message, "refused without a reason"
            assert len(response.message) < 1000, "the reason is too long"
            return
        result = response.result
        assert math.isfinite(result.confidence), result.confidence
        assert 0 <= result.confidence <= 1, result.confidence
        assert len(result.mask.data) == result.mask.height * result.mask.step
        if case["height"] or case["width"]:
            assert (result.mask.height, result.mask.width) == (case["height"], case["width"])


class Goals(NodeCheck):
    """Goals of `~/segment_object`."""

    base = malformed_messages.IMAGE | malformed_messages.GOAL

    def __init__(self, node: NodeProcess) -> None:
        super().__init__(node)
        many = QoSProfile(depth=100)
        self._client = ActionClient(
            node.observer.node, SegmentObject, "llmseg/segment_object",
            goal_service_qos_profile=many, result_service_qos_profile=many,
        )  # fmt: skip
        node.observer.wait_until(self._client.server_is_ready)

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.goal(choose)

    def send(self, case: Case) -> Any:
        """A future of the goal's end."""
        ended: Future = Future()

        def ask_for_the_end(accepted: Future) -> None:
            outcome = accepted.result().get_result_async()
            outcome.add_done_callback(lambda done: ended.set_result(done.result()))

        self._client.send_goal_async(goal_message(case)).add_done_callback(ask_for_the_end)
        return ended

    def judge(self, case: Case, response: Any) -> None:
        result = response.result
        status = GoalStatus.STATUS_SUCCEEDED if result.success else GoalStatus.STATUS_ABORTED
        assert response.status == status, response.status
        Calls.judge(self, case, result)  # type: ignore[arg-type]


class Parameters(NodeCheck):
    """Changes and questions of parameters."""

    base = malformed_messages.PARAMETER

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.parameter(choose)

    def send(self, case: Case) -> Any:
        request = SetParameters.Request(parameters=[parameter_message(case)])
        return self.node.send(SetParameters, "set_parameters", request)

    def judge(self, case: Case, response: Any) -> None:
        result = response.results[0]
        assert result.successful or result.reason, "refused without a reason"

    def try_all(self, cases: list[Case]) -> None:
        names = [case["name"] for case in cases]
        for kind, request in (
            (GetParameters, GetParameters.Request(names=names[:5])),
            (DescribeParameters, DescribeParameters.Request(names=names[:5])),
            (ListParameters, ListParameters.Request(prefixes=names[:5], depth=len(names[0]))),
        ):
            self.node.call(kind, re.sub("(?<!^)([A-Z])", r"_\1", kind.__name__).lower(), request)
        super().try_all(cases)
        for name, value in (
            ("max_rate_hz", 0.0), ("use_sim_time", False), ("min_presence", 0.0),
            ("min_confidence", 0.0), ("max_waiting", 64),
        ):  # fmt: skip
            assert self.node.set(name, value).successful


class Transitions(NodeCheck):
    """Transitions that there are not."""

    base: Case = {"id": 0, "label": "nonsense"}  # noqa: RUF012
    known = ("configure", "cleanup", "activate", "deactivate", "create", "shutdown", "destroy")

    def generate(self, choose: random.Random) -> Case:
        numbers = (0, 1, 3, 8, 9, 10, 20, 30, 40, 50, 60, 61, 62, 99, 200, 255)
        odd = odd_number(choose)
        number = choose.choice(numbers) if not isinstance(odd, int) else int(odd) % 256
        label = malformed_messages.encodable(odd_text(choose)) if choose.random() < 0.7 else ""
        if number in (2, 4, 5, 6, 7) and not label:
            number = 1
        return {"id": number, "label": "" if label in self.known else label}

    def send(self, case: Case) -> Any:
        request = ChangeState.Request()
        request.transition.id, request.transition.label = case["id"], case["label"]
        return self.node.send(ChangeState, "change_state", request)

    def judge(self, case: Case, response: Any) -> None:
        assert not response.success

    def try_all(self, cases: list[Case]) -> None:
        for case in cases:  # rclpy keeps ten of them, and nobody sends more at once
            super().try_all([case])


class Models(NodeCheck):
    """Names of model directories whose settings are damaged, for the parameter `model`."""

    base: Case

    def __init__(self, node: NodeProcess) -> None:
        super().__init__(node)
        self._good = node.get("model").string_value
        self._file = Path(self._good).with_name("damaged") / "llmseg.yaml"
        self.base = {"text": (Path(self._good) / "llmseg.yaml").read_text(encoding="utf-8")}

    def generate(self, choose: random.Random) -> Case:
        from .malformed_files import model_yaml

        return model_yaml(choose, self.base["text"])

    def try_all(self, cases: list[Case]) -> None:
        for case in cases:
            self._file.write_bytes(case["text"].encode(errors="surrogatepass"))
            result = self.node.set("model", str(self._file.parent))
            assert result.successful or result.reason, "refused without a reason"
            if result.successful:  # what is wrong is seen while it is loaded; or it is a model
                assert self.node.set("model", self._good).successful


NODE_CHECKS: dict[str, type[NodeCheck]] = {
    "images": Images,
    "raw-images": RawImages,
    "raw-instructions": RawInstructions,
    "instructions": Instructions,
    "calls": Calls,
    "goals": Goals,
    "parameters": Parameters,
    "transitions": Transitions,
    "models": Models,
}


def logged_classes(output: str) -> Counter[str]:
    """How often each class of errors and warnings is in a node's log."""
    return Counter(same_class(text) for text in _logged(output))


def same_class(text: str) -> str:
    """What is the same in all texts of one class."""
    source, sign, reason = text.partition(": ")
    return source + sign + VALUES.sub("#", reason)[:CLASS_CHARACTERS]


def _logged(output: str) -> Iterator[str]:
    line = r"^\[(?:ERROR|WARN)\] \[[\d.]+\] \[llmseg\]: ((?:(?!^\[).)*?) \(logged once[;)]"
    for found in re.finditer(line, output, re.DOTALL | re.MULTILINE):
        yield found.group(1)
