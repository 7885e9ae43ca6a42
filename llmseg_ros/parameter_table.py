# SPDX-License-Identifier: Apache-2.0
"""Parameters of a node as a table, and the rules that hold for all of them.

An integer is taken for a floating-point number, which is how people type one, also in a list, and
false for the text "off", since YAML reads that word so. NaN, infinity, a deletion, and whatever
makes a check fail are refused with the reason. A parameter that nobody knows is warned about, with
the name that was probably meant.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

__all__ = [
    "LenientParameters",
    "ParameterSpec",
    "Value",
    "declare",
    "parameter_values",
    "refusing",
    "warn_of_unknown",
    "warn_of_unknown_qos",
]

Value: TypeAlias = bool | int | float | str | list[str] | list[float]

QOS_PREFIX = "qos_overrides."
"""of the parameters that rclpy declares with a publisher or subscription"""


@dataclass(frozen=True)
class ParameterSpec:
    """One row of the table."""

    name: str
    default: Value
    description: str
    minimum: float | None = None
    """smallest value of a number"""
    maximum: float | None = None
    """largest value of a number"""
    read_only: bool = False
    """whether only a parameter file or the command line can set it"""
    any_type: bool = False
    """whether a value of another type than the default's is taken"""

    @property
    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(
            name=self.name,
            description=self.description,
            read_only=self.read_only,
            dynamic_typing=self.any_type,
        )
        if self.minimum is not None and self.maximum is not None:
            if isinstance(self.default, int):
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.minimum), to_value=int(self.maximum))
                ]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=self.minimum, to_value=self.maximum)
                ]
        return descriptor


class LenientParameters(Node):
    """A node that takes an integer for a floating-point number, and false for "off".

    The parameter services call these two methods. A change that makes them fail is refused.
    """

    def set_parameters(self, parameter_list: list[Parameter]) -> list[SetParametersResult]:
        """Sets each of them; one result for each."""
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Sets all of them or none."""
        known = set(self.get_parameters_by_prefix(""))
        for parameter in parameter_list:
            if parameter.name not in known:
                return _refused(_unknown(parameter.name, known))
        try:
            return super().set_parameters_atomically([self._typed(one) for one in parameter_list])
        except Exception as error:
            return _refused(str(error) or type(error).__name__)

    def _typed(self, parameter: Parameter) -> Parameter:
        if not self.has_parameter(parameter.name):
            return parameter
        return _typed(parameter, Parameter.Type(self.describe_parameter(parameter.name).type))


def declare(node: Node, table: Iterable[ParameterSpec]) -> None:
    """Declares the parameters; a bad value that somebody gave raises, quoting it."""
    given = node._parameter_overrides  # no distribution offers them otherwise
    for spec in table:
        if spec.name in given:
            of_type = Parameter.Type.from_parameter_value(spec.default)
            given[spec.name] = _typed(given[spec.name], of_type)
        node.declare_parameter(spec.name, spec.default, spec.descriptor)


def parameter_values(node: Node, names: Iterable[str]) -> dict[str, Any]:
    """The values in force by name."""
    return {name: node.get_parameter(name).value for name in names}


def refusing(
    check: Callable[[list[Parameter]], SetParametersResult],
) -> Callable[[list[Parameter]], SetParametersResult]:
    """`check` for `add_on_set_parameters_callback`, behind the rules that hold for all parameters.

    Whatever it raises is a refusal with the reason.
    """

    def checked(changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            if change.type_ == Parameter.Type.NOT_SET:
                return _refused(f"{change.name} cannot be deleted")
            if not all(map(math.isfinite, _floats(change.value))):
                return _refused(f"{change.name} is {change.value}, it must be a finite number")
        try:
            return check(changes)
        except Exception as error:
            return _refused(f"{type(error).__name__}: {error}")

    return checked


def warn_of_unknown(node: Node, later: Iterable[str] = ()) -> None:
    """Warns of parameters that were given and that nobody declares, by name.

    Args:
        node: a node that has declared its parameters.
        later: names that it will declare.
    """
    known = {*node.get_parameters_by_prefix(""), *later}
    _warn(node, lambda name: not name.startswith(QOS_PREFIX), known)


def warn_of_unknown_qos(node: Node) -> None:
    """Warns of QoS overrides that were given and that fit no topic.

    Args:
        node: a node that has made its publishers and subscriptions.
    """
    known = set(node.get_parameters_by_prefix(""))
    _warn(node, lambda name: name.startswith(QOS_PREFIX), known)


def _warn(node: Node, concerns: Callable[[str], bool], known: set[str]) -> None:
    for name in sorted(filter(concerns, set(node._parameter_overrides) - known)):
        node.get_logger().warning(f"without effect: {_unknown(name, known)}")


def _unknown(name: str, known: set[str]) -> str:
    """That a parameter is unknown, and which one may have been meant."""
    is_qos = name.startswith(QOS_PREFIX)
    alike = sorted(one for one in known if one.startswith(QOS_PREFIX) == is_qos)
    nearest = get_close_matches(name, alike, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(alike)}"
    return f"the parameter {name!r} is unknown, {hint}"


def _typed(parameter: Parameter, of_type: Parameter.Type) -> Parameter:
    """A parameter as whoever typed it meant it."""
    if parameter.type_ == Parameter.Type.INTEGER and of_type == Parameter.Type.DOUBLE:
        return Parameter(parameter.name, value=float(parameter.value))
    if parameter.type_ == Parameter.Type.INTEGER_ARRAY and of_type == Parameter.Type.DOUBLE_ARRAY:
        return Parameter(parameter.name, value=[float(number) for number in parameter.value])
    if parameter.value is False and of_type == Parameter.Type.STRING:
        return Parameter(parameter.name, value="off")
    return parameter


def _floats(value: Any) -> Iterable[float]:
    """The floating-point numbers of a parameter's value."""
    values = value if isinstance(value, list | tuple | array) else [value]
    return (one for one in values if isinstance(one, float))


def _refused(reason: str) -> SetParametersResult:
    return SetParametersResult(successful=False, reason=reason)
