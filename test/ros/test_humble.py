# SPDX-License-Identifier: Apache-2.0
"""What the ROS layer takes from ROS exists in Humble, too: names, arguments, rclpy's own fields.

A name that is imported with a replacement (`try ... except ImportError`) counts by the replacement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter

from helpers.humble_names import NAMES

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "llmseg_ros").rglob("*.py"), *(ROOT / "launch").glob("*.py")])
ROS_PACKAGES = {module.partition(".")[0] for module in NAMES}

# Keyword arguments of methods that rclpy has extended, as Humble has them.
KEYWORDS = {
    "create_client": {"qos_profile", "callback_group"},
    "create_lifecycle_publisher": {"callback_group", "event_callbacks", "qos_overriding_options"},
    "create_publisher": {
        "callback_group", "event_callbacks", "qos_overriding_options", "publisher_class",
    },
    "create_service": {"qos_profile", "callback_group"},
    "create_subscription": {"callback_group", "event_callbacks", "qos_overriding_options", "raw"},
    "create_timer": {"callback_group", "clock"},
    "declare_parameter": {"value", "descriptor", "ignore_override"},
    "init": {"args", "context", "domain_id", "signal_handler_options"},
    "PublisherEventCallbacks": {"deadline", "incompatible_qos", "liveliness"},
    "SubscriptionEventCallbacks": {"deadline", "incompatible_qos", "liveliness", "message_lost"},
}  # fmt: skip
# Methods of nodes, publishers, clients, futures and clocks that later distributions added.
NEWER_METHODS = {
    "add_parameter_callback", "add_parameter_event_callback", "add_post_set_parameters_callback",
    "add_pre_set_parameters_callback", "configure_introspection", "count_clients", "count_services",
    "create_future", "get_content_filter", "get_fully_qualified_node_names", "get_publisher_count",
    "is_cft_enabled", "remove_done_callback", "remove_post_set_parameters_callback",
    "remove_pre_set_parameters_callback", "set_content_filter", "set_event_callbacks",
    "set_on_new_message_callback", "wait_for_node", "wait_for_services",
}  # fmt: skip
# Private fields of rclpy that are used because there is no other access; Humble has them.
PRIVATE_FIELDS = {"_parameter_overrides", "_service_change_state", "_state_machine"}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in FILES:
        yield path.relative_to(ROOT), ast.parse(path.read_text())


def has_name(module: str, name: str) -> bool:
    return name in NAMES.get(module, "").split() or f"{module}.{name}" in NAMES


def missing(body: list[ast.stmt]) -> set[str]:
    """Names that these statements import and Humble lacks."""
    names: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                module = node.module or ""
                if module.partition(".")[0] in ROS_PACKAGES:
                    wanted = (alias.name for alias in node.names)
                    names |= {f"{module}.{n}" for n in wanted if not has_name(module, n)}
            elif isinstance(node, ast.Import):
                wanted = (alias.name for alias in node.names)
                names |= {n for n in wanted if n.partition(".")[0] in ROS_PACKAGES - {n}}
    return names


def test_imported_names() -> None:
    for path, tree in trees():
        replaced: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Try) and node.handlers:
                instead = [missing(handler.body) for handler in node.handlers]
                if any(not names for names in instead):
                    replaced |= missing(node.body)
        assert missing(tree.body) - replaced == set(), path


def test_a_name_that_humble_lacks_is_noticed() -> None:
    newer = "from rclpy.event_handler import SubscriptionEventCallbacks"
    assert missing(ast.parse(newer).body) == {"rclpy.event_handler.SubscriptionEventCallbacks"}
    assert missing(ast.parse("from rclpy.clock import Clock, ClockType").body) == set()


def test_functions_of_rclpy() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "rclpy":
                assert has_name("rclpy", node.attr), f"{path}:{node.lineno}"


def test_methods_and_their_keywords() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                where = f"{path}:{node.lineno}"
                name = ast.unparse(node.func).rpartition(".")[2]
                assert name not in NEWER_METHODS, where
                if name in KEYWORDS:
                    given = {word.arg for word in node.keywords}
                    assert given <= KEYWORDS[name], where
            if isinstance(node, ast.With):
                for item in node.items:
                    text = ast.unparse(item.context_expr)
                    assert not text.startswith("rclpy.init"), f"{path}:{node.lineno}"


def test_private_fields_of_others() -> None:
    used: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                owner = ast.unparse(node.value)
                if owner not in ("self", "cls", "os") and not node.attr.startswith("__"):
                    used.add(node.attr)
    assert used == PRIVATE_FIELDS


@pytest.mark.parametrize("field", sorted(PRIVATE_FIELDS))
def test_this_distribution_has_those_fields(ros: None, field: str) -> None:
    node = LifecycleNode("fields", parameter_overrides=[Parameter("a", value=1)])
    assert hasattr(node, field)
    assert isinstance(node, Node)
    node.destroy_node()
