# SPDX-License-Identifier: Apache-2.0
"""The rules that hold for all parameters, on a real node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import String

from llmseg_ros.parameter_table import (
    LenientParameters,
    ParameterSpec,
    declare,
    parameter_values,
    refusing,
    warn_of_unknown,
    warn_of_unknown_qos,
)

TABLE = (
    ParameterSpec("rate_hz", 2.5, "A rate.", minimum=0.0, maximum=100.0),
    ParameterSpec("count", 3, "A count.", minimum=0, maximum=10),
    ParameterSpec("name", "a", "A name."),
    ParameterSpec("fixed", 1.0, "Set at the start.", read_only=True),
)
NAMES = [spec.name for spec in TABLE]


class TableNode(LenientParameters):
    """A node with the table above; a count of 7 breaks its check."""

    def __init__(self, *typed: str, **given: Any) -> None:
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        super().__init__("table", cli_args=["--ros-args", *typed], parameter_overrides=overrides)
        self.add_on_set_parameters_callback(refusing(self._check))
        declare(self, TABLE)

    @staticmethod
    def _check(changes: list[Parameter]) -> SetParametersResult:
        if any(change.value == 7 for change in changes):
            raise LookupError("nobody thought of 7")
        return SetParametersResult(successful=True)

    def set(self, name: str, value: Any) -> SetParametersResult:
        return self.set_parameters([Parameter(name, value=value)])[0]


@pytest.fixture
def node(ros: None) -> Iterator[TableNode]:
    node = TableNode()
    yield node
    node.destroy_node()


def test_integers_are_numbers(ros: None) -> None:
    node = TableNode(rate_hz=4, fixed=9)
    values = parameter_values(node, NAMES)
    assert values == {"rate_hz": 4.0, "count": 3, "name": "a", "fixed": 9.0}
    assert all(isinstance(values[name], float) for name in ("rate_hz", "fixed"))
    assert node.set("rate_hz", 6).successful
    assert node.set_parameters_atomically([Parameter("rate_hz", value=8)]).successful
    assert node.get_parameter("rate_hz").type_ == Parameter.Type.DOUBLE
    assert node.get_parameter("rate_hz").value == 8.0
    assert "out of range" in node.set("rate_hz", 101).reason
    assert "read-only" in node.set("fixed", 2).reason
    assert "Wrong parameter type" in node.set("count", 2.0).reason  # and not the other way round
    node.destroy_node()


def test_off_is_a_text_although_yaml_reads_it_as_false(ros: None) -> None:
    node = TableNode("-p", "name:=off")
    assert node.get_parameter("name").value == "off"
    assert node.set("name", "b").successful
    assert node.set("name", False).successful
    assert node.get_parameter("name").value == "off"
    assert "Wrong parameter type" in node.set("name", True).reason
    assert "Wrong parameter type" in node.set("count", False).reason
    node.destroy_node()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none(node: TableNode, value: float) -> None:
    result = node.set("rate_hz", value)
    assert not result.successful
    assert str(value) in result.reason
    with pytest.raises(InvalidParameterValueException, match=str(value)):
        TableNode(rate_hz=value)


def test_changes_that_make_a_check_fail(node: TableNode) -> None:
    assert node.set("count", 7).reason == "LookupError: nobody thought of 7"
    reason = "the parameter 'rate' is unknown, did you mean 'rate_hz'?"
    assert node.set("rate", 1).reason == reason
    assert "cannot be" in node.set("name", None).reason  # deleted: in rclpy's words, or in ours
    assert node.get_parameter("name").value == "a"
    assert node.set("count", 8).successful


def test_wrong_types_raise_at_the_start(ros: None) -> None:
    for given in ({"rate_hz": "fast"}, {"count": 1.5}, {"name": 3}):
        with pytest.raises(InvalidParameterTypeException):
            TableNode(**given)


def test_unknown_parameters_are_named(ros: None, capfd: pytest.CaptureFixture[str]) -> None:
    node = TableNode(rate=1.0, zzz=1, threshhold=0.5, name="b")
    warn_of_unknown(node, later=["threshold"])
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "'rate' is unknown, did you mean 'rate_hz'?" in lines[0]
    assert "'threshhold' is unknown, did you mean 'threshold'?" in lines[1]
    assert "'zzz' is unknown" in lines[2]
    assert "known are count, fixed, name, rate_hz" in lines[2]
    node.destroy_node()


def test_unknown_qos_overrides_are_named(ros: None, capfd: pytest.CaptureFixture[str]) -> None:
    right, wrong = (f"qos_overrides./{topic}.publisher.depth" for topic in ("words", "wards"))
    node = TableNode(**{right: 5, wrong: 5})
    node.create_publisher(
        String,
        "words",
        QoSProfile(depth=1),
        qos_overriding_options=QoSOverridingOptions.with_default_policies(),
    )
    warn_of_unknown(node)
    warn_of_unknown_qos(node)
    (line,) = capfd.readouterr().err.splitlines()
    assert f"{wrong!r} is unknown, did you mean {right!r}?" in line
    node.destroy_node()


def test_a_plain_node_raises_where_a_lenient_one_refuses(ros: None) -> None:
    """What these rules are for: without them, a service call ends the process."""
    node = Node("plain")
    declare(node, TABLE)
    node.add_on_set_parameters_callback(TableNode._check)
    with pytest.raises(LookupError, match="nobody thought of 7"):
        node.set_parameters([Parameter("count", value=7)])
    node.destroy_node()
