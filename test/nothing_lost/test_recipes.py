# SPDX-License-Identifier: Apache-2.0
"""Old recipes and parameter files say what they said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import rclpy
import yaml
from rclpy.node import Node

from helpers.old_files import OLD, expected
from llmseg_core.config import SelectionConfig
from llmseg_ros.camera.camera_node import declare_camera_parameters
from llmseg_ros.node.parameters import declare_node_parameters, read_node_parameters
from llmseg_ros.node.selection_parameters import declare_selection_parameters, read_selection
from llmseg_training.adapter.recipe import load_adapter_recipe
from llmseg_training.data.mixture_recipe import load_mixture_recipe
from llmseg_training.embedded.recipe import load_recipe

RECIPES = expected("recipes.json")
PARAMETERS = sorted((OLD / "config").glob("*.yaml"))


def read(path: Path) -> Any:
    """The values of a recipe of any kind, as JSON has them."""
    if path.stem in ("embedded", "ablation"):
        values: Any = asdict(load_recipe(path))
    elif path.stem.startswith("mixture_"):
        groups = load_mixture_recipe(str(path)).groups
        values = [{"name": name, **asdict(group)} for name, group in groups.items()]
    else:
        values = load_adapter_recipe(path).to_dict()
    return json.loads(json.dumps(values))


def within(values: Any, old: Any) -> Any:
    """Those of `values` that `old` names; what a recipe did not know then does not count."""
    if isinstance(old, dict):
        return {name: within(values[name], value) for name, value in old.items()}
    return values


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_said(name: str) -> None:
    assert within(read(Path("recipes") / name), RECIPES[name]) == RECIPES[name]


def test_every_old_recipe_is_looked_at() -> None:
    assert {path.name for path in Path("recipes").iterdir()} == set(RECIPES)


@pytest.fixture
def context() -> Iterator[rclpy.Context]:
    """One of its own: parameter files are arguments of a whole process."""
    context = rclpy.Context()
    yield context
    context.try_shutdown()


@pytest.mark.parametrize("path", PARAMETERS, ids=lambda path: path.stem)
def test_a_parameter_file_sets_what_it_set(path: Path, context: rclpy.Context) -> None:
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context)
    node = Node("parameters", context=context)
    try:
        if path.stem == "camera":
            values = asdict(declare_camera_parameters(node))
        else:
            declare_node_parameters(node)
            declare_selection_parameters(node, SelectionConfig())
            values = asdict(read_node_parameters(node)) | asdict(
                read_selection(node, SelectionConfig())
            )
    finally:
        node.destroy_node()
    said = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    assert {name: values[name] for name in said} == said
