# SPDX-License-Identifier: Apache-2.0
"""Fast DDS's settings for images: where they are given, and that they are what was measured."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from llmseg_ros import fast_dds
from llmseg_ros.fast_dds import LARGE, SETTINGS, SMALL, large_message_environment, largest_frame_mb

NAMESPACE = "{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}"
FRAGMENT_BYTES = 64_000


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "ROS_DISTRO"):
        monkeypatch.delenv(name, raising=False)


def with_free_space(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    space = SimpleNamespace(f_bavail=size // 4096, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: space)


@pytest.mark.parametrize("name", SETTINGS)
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "LARGE_DATA")
    assert large_message_environment() == {}
    monkeypatch.setenv(name, "")
    assert large_message_environment() != {}


@pytest.mark.parametrize(
    ("distribution", "name"),
    [
        ("humble", "FASTRTPS_DEFAULT_PROFILES_FILE"),
        ("jazzy", "FASTRTPS_DEFAULT_PROFILES_FILE"),
        ("kilted", "FASTDDS_DEFAULT_PROFILES_FILE"),
        ("", "FASTDDS_DEFAULT_PROFILES_FILE"),
    ],
)
def test_the_variable_of_each_distribution(
    monkeypatch: pytest.MonkeyPatch, distribution: str, name: str
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distribution)
    ((variable, path),) = large_message_environment().items()
    assert variable == name
    assert Path(path).is_file()


def test_a_container_with_little_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for size, profile in ((2**26, SMALL), (2**28 - 4096, SMALL), (2**28, LARGE), (2**34, LARGE)):
        with_free_space(monkeypatch, size)
        assert list(large_message_environment().values()) == [str(profile.path)]
        assert largest_frame_mb() == profile.largest_frame_mb
    monkeypatch.undo()
    monkeypatch.setattr(fast_dds, "SHARED_MEMORY", Path("/nowhere"))
    assert largest_frame_mb() == SMALL.largest_frame_mb


@pytest.mark.parametrize("profile", [LARGE, SMALL])
def test_segment_and_queue_hold_the_largest_frame(profile: fast_dds.Profile) -> None:
    root = ElementTree.parse(profile.path).getroot()
    (segment,) = (int(e.text or "") for e in root.iter(f"{NAMESPACE}segment_size"))
    (queue,) = (int(e.text or "") for e in root.iter(f"{NAMESPACE}port_queue_capacity"))
    assert segment > profile.largest_frame_mb * 10**6
    assert queue > 2 * profile.largest_frame_mb * 10**6 / FRAGMENT_BYTES
    assert profile.needed_bytes == 4 * segment
