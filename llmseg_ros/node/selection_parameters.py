# SPDX-License-Identifier: Apache-2.0
"""The parameters of which candidates make the mask.

They are declared when the model is known: their defaults are what the model directory says, so a
parameter that nobody sets is the model's own.
"""

from __future__ import annotations

from dataclasses import replace

from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_ros.parameter_table import ParameterSpec, declare, parameter_values

__all__ = [
    "SELECTION_NAMES",
    "adopt_selection",
    "declare_selection_parameters",
    "read_selection",
    "selection_parameters",
    "undeclare_selection_parameters",
]

SELECTION_NAMES = (
    "rule", "iop_threshold", "top_k", "min_presence", "min_confidence", "accept_unfamiliar",
)  # fmt: skip


def selection_parameters(model: SelectionConfig) -> tuple[ParameterSpec, ...]:
    """The table of the selection parameters, with `model`'s own values as defaults."""
    rules = ", ".join(rule.value for rule in SelectionRule)
    return (
        ParameterSpec("rule", model.rule.value, f"Which proposals make the mask: one of {rules}."),
        ParameterSpec(
            "iop_threshold",
            model.iop_threshold,
            "Proposals with a higher predicted share on the target are taken.",
            minimum=0.0,
            maximum=1.0,
        ),
        ParameterSpec(
            "top_k",
            model.top_k,
            "Proposals of highest IoU score among which the rule iop_among_top looks.",
            minimum=1,
            maximum=1000,
        ),
        ParameterSpec(
            "min_presence",
            model.min_presence,
            "Where it is less likely than this that anything fits, nothing is found.",
            minimum=0.0,
            maximum=1.0,
        ),
        ParameterSpec(
            "min_confidence",
            model.min_confidence,
            "An answer less confident than this is nothing found.",
            minimum=0.0,
            maximum=1.0,
        ),
        ParameterSpec(
            "accept_unfamiliar",
            model.accept_unfamiliar,
            "Whether images that are unlike all that the model was trained on are answered.",
        ),
    )


def declare_selection_parameters(node: Node, model: SelectionConfig) -> None:
    """Declares the selection parameters with `model`'s own values as defaults."""
    declare(node, selection_parameters(model))


def adopt_selection(node: Node, old: SelectionConfig, new: SelectionConfig) -> None:
    """Gives selection parameters that are still as the `old` model has them the `new` one's values.

    What somebody has set stays, unless the new model was not fitted for it: a rule, or to tell
    whether anything fits.
    """
    in_force = read_selection(node, old)
    impossible = {
        "rule": new.expected_iou is None and in_force.rule is SelectionRule.EXPECTED_IOU,
        "min_presence": new.presence is None and in_force.min_presence > 0,
    }
    changes = []
    for spec in selection_parameters(new):
        former = getattr(old, spec.name)
        unset = getattr(in_force, spec.name) == former != getattr(new, spec.name)
        if unset or impossible.get(spec.name, False):
            changes.append(Parameter(spec.name, value=spec.default))
    if changes:
        node.set_parameters_atomically(changes)


def undeclare_selection_parameters(node: Node) -> None:
    """Takes the selection parameters away, as the model that they belong to goes."""
    for name in SELECTION_NAMES:
        if node.has_parameter(name):
            node.undeclare_parameter(name)


def read_selection(node: Node, model: SelectionConfig) -> SelectionConfig:
    """The selection parameters in force, with what the `model` says beside them."""
    return replace(model, **parameter_values(node, SELECTION_NAMES))
