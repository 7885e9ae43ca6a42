# SPDX-License-Identifier: Apache-2.0
"""What is made of a machine that is not this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmseg_core.doctor.checkup import Question
from llmseg_core.doctor.finding import Finding, State
from llmseg_ros import fast_dds
from llmseg_ros.doctor import checks

SEEN: dict[str, Any] = {
    "rclpy": "/opt/ros/jazzy/rclpy", "distribution": "jazzy", "middleware": "rmw_fastrtps_cpp",
    "messages": True, "numpy": "2.4.6", "cv_bridge": False, "cv_bridge_fits": False,
}  # fmt: skip


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Finding]]:
    """The findings of a machine on which the probe sees something else, by subject."""
    for name in fast_dds.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(checks, "check_environment", lambda: [])

    def findings(**changes: Any) -> dict[str, Finding]:
        monkeypatch.setattr(checks, "_probed", lambda question: {**SEEN, **changes})
        return {each.subject: each for each in checks.check_ros(Question())}

    return findings


def test_a_distribution(said: Callable[..., dict[str, Finding]]) -> None:
    found = said()
    assert set(found) == {"ROS", "shared memory"}
    assert found["ROS"].text.startswith("ROS 2 (jazzy), rmw_fastrtps_cpp, domain ")


def test_a_cv_bridge_for_another_numpy(said: Callable[..., dict[str, Finding]]) -> None:
    found = said(cv_bridge=True)["cv_bridge"]
    assert found.state is State.NOTE
    assert "built for another NumPy than 2.4.6" in found.text
    assert found.remedy.startswith('pip install "numpy<2"')
    assert "cv_bridge" not in said(cv_bridge=True, cv_bridge_fits=True)


def test_messages_that_are_not_built(said: Callable[..., dict[str, Finding]]) -> None:
    found = said(messages=False)["messages"]
    assert found.state is State.WRONG
    assert found.remedy.startswith("source install/setup.bash")


def test_shared_memory(
    said: Callable[..., dict[str, Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_dds, "LARGE", fast_dds.Profile(fast_dds.LARGE.path, 2**60, 60))
    found = said()["shared memory"]  # as in a container
    assert found.state is State.WARNING
    assert found.text.endswith("good for frames up to 6 MB")
    assert "--shm-size=1g" in found.remedy
    monkeypatch.setenv(fast_dds.VARIABLE, "mine.xml")
    assert "mine.xml" not in said()["shared memory"].remedy
    assert said()["shared memory"].state is State.NOTE
    other = said(middleware="rmw_cyclonedds_cpp")["shared memory"]
    assert "rmw_cyclonedds_cpp has settings of its own" in other.text
