# SPDX-License-Identifier: Apache-2.0
"""The parameter tables, on a real node, and the parameter files that are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from helpers.selection_rules import PRESENCE, WEIGHTS
from llmseg_core.config import RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_ros.camera.parameters import CameraParameters, declare_camera_parameters
from llmseg_ros.node.parameters import (
    NODE_PARAMETERS,
    RUNTIME_NAMES,
    NodeParameters,
    check_parameters,
    declare_node_parameters,
    read_node_parameters,
)
from llmseg_ros.node.selection_parameters import (
    SELECTION_NAMES,
    adopt_selection,
    declare_selection_parameters,
    read_selection,
    selection_parameters,
    undeclare_selection_parameters,
)

CONFIG = Path(__file__).parents[3] / "config"
MODEL = SelectionConfig(SelectionRule.IOP_AMONG_TOP, iop_threshold=0.25, top_k=3)


@pytest.fixture
def node(ros: None) -> Iterator[Node]:
    node = Node("parameters")
    yield node
    node.destroy_node()


def check(name: str, value: Any, configured: bool = True) -> SetParametersResult:
    current = {"device": "cpu", "dtype": "float32", "attention": "sdpa", "rule": "iop"}
    return check_parameters([Parameter(name, value=value)], current, configured, SelectionConfig())


def test_the_tables_match_what_is_read() -> None:
    assert [spec.name for spec in NODE_PARAMETERS] == [
        field.name for field in fields(NodeParameters)
    ]
    assert tuple(field.name for field in fields(RuntimeConfig)) == RUNTIME_NAMES
    fitted = {"expected_iou", "presence"}  # to the model, nobody sets them
    assert set(SELECTION_NAMES) == {field.name for field in fields(SelectionConfig)} - fitted
    assert tuple(spec.name for spec in selection_parameters(MODEL)) == SELECTION_NAMES


def test_no_memory_budget_is_the_devices_own() -> None:
    assert NodeParameters().runtime == RuntimeConfig()
    assert NodeParameters(memory_budget_mb=512).runtime.memory_budget_mb == 512


def test_every_parameter_is_described_and_every_number_has_a_range(node: Node) -> None:
    declare_node_parameters(node)
    declare_selection_parameters(node, MODEL)
    for spec in (*NODE_PARAMETERS, *selection_parameters(MODEL)):
        descriptor = node.describe_parameter(spec.name)
        assert descriptor.description.endswith(".")
        assert descriptor.read_only == spec.read_only
        if isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool):
            assert len(descriptor.integer_range) + len(descriptor.floating_point_range) == 1


def test_parameters_that_nobody_sets_are_the_models_own(node: Node) -> None:
    declare_node_parameters(node)
    assert read_node_parameters(node) == NodeParameters()
    declare_selection_parameters(node, MODEL)
    assert read_selection(node, MODEL) == MODEL
    undeclare_selection_parameters(node)
    declare_selection_parameters(node, SelectionConfig())
    assert read_selection(node, SelectionConfig()) == SelectionConfig()


def test_a_rule_that_the_next_model_was_not_fitted_for_goes(node: Node) -> None:
    fitted = SelectionConfig(SelectionRule.TOP_IOU, expected_iou=WEIGHTS)
    declare_selection_parameters(node, fitted)
    asked = Parameter("rule", value="expected_iou")
    assert check_parameters([asked], {}, True, fitted).successful
    refused = check_parameters([asked], {}, True, MODEL)
    assert "run llmseg calibrate --rule expected_iou" in refused.reason
    node.set_parameters([asked, Parameter("top_k", value=9)])
    assert read_selection(node, fitted).rule is SelectionRule.EXPECTED_IOU
    adopt_selection(node, fitted, replace(fitted, min_confidence=0.3))
    assert read_selection(node, fitted).rule is SelectionRule.EXPECTED_IOU
    adopt_selection(node, fitted, MODEL)
    assert read_selection(node, MODEL).rule is MODEL.rule
    assert read_selection(node, MODEL).top_k == 9


def test_a_least_presence_that_the_next_model_was_not_fitted_for_goes(node: Node) -> None:
    fitted = SelectionConfig(SelectionRule.TOP_IOU, presence=PRESENCE, min_presence=0.4)
    declare_selection_parameters(node, fitted)
    asked = Parameter("min_presence", value=0.6)
    assert check_parameters([asked], {}, True, fitted).successful
    refused = check_parameters([asked], {}, True, MODEL)
    assert "min_presence is 0.6, for which this model was not fitted: run" in refused.reason
    node.add_on_set_parameters_callback(lambda changes: check_parameters(
        changes, {spec.name: node.get_parameter(spec.name).value
                  for spec in selection_parameters(MODEL)}, True, MODEL))  # fmt: skip
    adopt_selection(node, fitted, MODEL)  # all at once: no step on the way fits neither model
    assert read_selection(node, MODEL) == MODEL
    adopt_selection(node, MODEL, replace(MODEL, iop_threshold=0.75))
    assert read_selection(node, MODEL).iop_threshold == 0.75


def test_overrides_win_over_the_model(ros: None) -> None:
    overrides = [Parameter("top_k", value=7), Parameter("max_rate_hz", value=2.5)]
    node = Node("parameters", parameter_overrides=overrides)
    declare_node_parameters(node)
    declare_selection_parameters(node, MODEL)
    assert read_selection(node, MODEL) == SelectionConfig(MODEL.rule, MODEL.iop_threshold, top_k=7)
    assert read_node_parameters(node).max_rate_hz == 2.5
    node.destroy_node()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iop_threshold", 1.5),
        ("top_k", 0),
        ("min_confidence", -0.1),
        ("min_confidence", float("nan")),
    ],
)
def test_values_out_of_range_are_refused(node: Node, name: str, value: float) -> None:
    declare_selection_parameters(node, MODEL)
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful
    assert str(value) in result.reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("rule", "best", "rule is 'best', it must be one of top_iou"),
        ("dtype", "int8", "dtype is 'int8'"),
        ("attention", "none", "attention is 'none'"),
    ],
)
def test_values_that_mean_nothing_are_refused(name: str, value: str, reason: str) -> None:
    result = check(name, value, configured=False)
    assert not result.successful
    assert reason in result.reason


def test_the_device_changes_only_while_no_model_is_loaded() -> None:
    assert check("device", "cuda", configured=False).successful
    assert check("device", "cpu").successful
    refused = check("device", "cuda")
    assert not refused.successful
    assert "device is 'cpu' and cannot become 'cuda'" in refused.reason


def test_foreign_parameters_are_left_alone() -> None:
    assert check("qos_overrides./image.subscription.depth", 3).successful


def file_arguments(path: Path) -> list[str]:
    return ["--ros-args", "--params-file", str(path)]


@pytest.mark.parametrize(
    "path",
    sorted(set(CONFIG.glob("*.yaml")) - {CONFIG / "camera.yaml"}),
    ids=lambda path: path.stem,
)
def test_shipped_parameter_files(ros: None, path: Path) -> None:
    given = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    node = Node("parameters", cli_args=file_arguments(path))
    declare_node_parameters(node)
    declare_selection_parameters(node, MODEL)
    assert given
    for name, value in given.items():
        assert node.get_parameter(name).value == value
    current = {name: node.get_parameter(name).value for name in (*RUNTIME_NAMES, *SELECTION_NAMES)}
    assert check_parameters([], current, False, SelectionConfig()).successful
    node.destroy_node()


def test_shipped_camera_file(ros: None) -> None:
    path = CONFIG / "camera.yaml"
    given = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    node = Node("parameters", cli_args=file_arguments(path))
    assert declare_camera_parameters(node) == CameraParameters(**given)
    node.destroy_node()


def test_a_bad_override_raises_with_its_value(ros: None) -> None:
    node = Node("parameters", parameter_overrides=[Parameter("load_timeout_s", value=-3.0)])
    with pytest.raises(InvalidParameterValueException, match=r"-3\.0"):
        declare_node_parameters(node)
    node.destroy_node()
