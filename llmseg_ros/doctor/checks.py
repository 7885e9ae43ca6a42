# SPDX-License-Identifier: Apache-2.0
"""The checks that the ROS layer adds to `llmseg doctor`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from llmseg_core.doctor.checkup import Question
from llmseg_core.doctor.finding import Finding, State
from llmseg_ros.fast_dds import SETTINGS, SHARED_MEMORY, largest_frame_mb

from .environment import check_environment
from .topic_findings import topic_findings

__all__ = ["check_ros"]

START_S = 120.0
"""seconds that rclpy may take to start, on a busy machine"""
FAST_DDS = "rmw_fastrtps"


def check_ros(question: Question) -> Iterator[Finding]:
    """Environment, middleware, shared memory, and the camera's topic if one is named."""
    found = list(check_environment())
    yield from found
    if any(finding.state is State.WRONG for finding in found):
        return
    if found:  # no ROS
        if question.topic:
            yield Finding("topic", State.WRONG, "without ROS 2 no topic can be looked at")
        return
    seen = _probed(question)
    if isinstance(seen, Finding):
        yield seen
        return
    yield from _middleware(seen)
    yield from _shared_memory(seen)
    yield from _cv_bridge(seen)
    if "topic" in seen:
        yield from topic_findings(seen["topic"])


def _probed(question: Question) -> dict[str, Any] | Finding:
    """What the probe says, or what became of it."""
    command = [sys.executable, "-m", "llmseg_ros.doctor.probe", str(question.seconds)]
    limit = START_S + question.seconds
    try:
        done = subprocess.run(
            [*command, question.topic], capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        text = f"rclpy did nothing within {limit:g} s: is the discovery server away?"
        return Finding("rclpy", State.WRONG, text, "unset ROS_DISCOVERY_SERVER")
    if done.returncode == 0:
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return seen
    if done.returncode < 0:
        text = (
            f"rclpy crashed (signal {-done.returncode}): libraries of two installations are mixed"
        )
        return Finding("rclpy", State.WRONG, text, "open a shell in which one ROS is sourced")
    last = " ".join((done.stderr.strip().splitlines() or ["no reason was given"])[-1].split())
    remedy = "source the workspace in which this package was built (install/setup.bash)"
    if "rmw" in last.lower() or "middleware" in last.lower():
        remedy = "unset RMW_IMPLEMENTATION  (or install the middleware that it names)"
    elif "domain" in last.lower():
        remedy = "export ROS_DOMAIN_ID=0  (a number from 0 to 101)"
    return Finding("rclpy", State.WRONG, f"rclpy cannot be started: {last}", remedy)


def _middleware(seen: dict[str, Any]) -> Iterator[Finding]:
    distribution = seen["distribution"] or "wheels in the virtual environment"
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    text = f"ROS 2 ({distribution}), {seen['middleware']}, domain {domain}"
    if only := os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE"):
        text += f", discovery {only}"
    values = {key: seen[key] for key in ("rclpy", "distribution", "middleware")}
    yield Finding("ROS", State.GOOD, text, values=values)
    if not seen["messages"]:
        yield Finding(
            "messages", State.WRONG, "the messages of this package are not built",
            "source install/setup.bash  (with wheels: python tools/build_interfaces.py)",
        )  # fmt: skip


def _shared_memory(seen: dict[str, Any]) -> Iterator[Finding]:
    if not seen["middleware"].startswith(FAST_DDS):
        text = f"{seen['middleware']} has settings of its own for large frames: see its manual"
        yield Finding("shared memory", State.NOTE, text)
        return
    own = next((name for name in SETTINGS if os.environ.get(name)), "")
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        text = f"there is no {SHARED_MEMORY}: images go through the network"
        yield Finding("shared memory", State.WARNING, text, "docker run --shm-size=1g ...")
        return
    values = {"free_bytes": free, "largest_frame_mb": largest_frame_mb(), "settings": own}
    text = f"{free / 1e6:.0f} MB free in {SHARED_MEMORY}"
    if own:
        text += f", {own} is set: the launch files leave it as it is"
        yield Finding("shared memory", State.NOTE, text, values=values)
        return
    text += f", good for frames up to {largest_frame_mb()} MB"
    if largest_frame_mb() >= 60:
        yield Finding("shared memory", State.GOOD, text, values=values)
    else:
        remedy = "docker run --shm-size=1g ...  (else: mount -o remount,size=1G /dev/shm)"
        yield Finding("shared memory", State.WARNING, text, remedy, values)


def _cv_bridge(seen: dict[str, Any]) -> Iterator[Finding]:
    if seen["cv_bridge"] and not seen["cv_bridge_fits"]:
        yield Finding(
            "cv_bridge", State.NOTE, f"it was built for another NumPy than {seen['numpy']} and is "
            f"not used here (OpenCV converts colours); nodes of yours that import it will fail",
            'pip install "numpy<2"  (for those nodes)', {"numpy": seen["numpy"]},
        )  # fmt: skip
