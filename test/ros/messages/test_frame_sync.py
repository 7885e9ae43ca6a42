# SPDX-License-Identifier: Apache-2.0
"""Depth and calibration of the right moment, whatever the order in which they come."""

from __future__ import annotations

import threading
import time

import pytest

from llmseg_ros.messages.frame_sync import KEPT_NS, MOST_BYTES, Capture, FrameSync

MS = 10**6
SECOND = 10**9


@pytest.fixture
def sync() -> FrameSync:
    sync = FrameSync(0.02)
    sync.add_info("calibration")
    return sync


def test_the_nearest_that_has_come(sync: FrameSync) -> None:
    for ms in (0, 33, 66, 99):
        sync.add_depth(ms * MS, f"depth {ms}")
    assert sync.capture(70 * MS).wait(0).depth == "depth 66"
    assert sync.capture(60 * MS).wait(0).depth == "depth 66"
    match = sync.capture(50 * MS).wait(0)
    assert (match.depth, match.nearest_ms) == ("depth 66", 16)
    assert match.camera_info == "calibration"


def test_a_slow_answer_does_not_meet_a_later_depth(sync: FrameSync) -> None:
    sync.add_depth(0, "early")
    capture = sync.capture(0)
    for ms in range(33, 3300, 33):
        sync.add_depth(ms * MS, "late")
        sync.add_info("another calibration")
    match = capture.wait(0)
    assert (match.depth, match.camera_info) == ("early", "calibration")


def test_depth_that_comes_after_its_image(sync: FrameSync) -> None:
    sync.add_depth(0, "earlier")
    capture = sync.capture(10 * MS)
    thread = threading.Timer(0.05, lambda: sync.add_depth(12 * MS, "its own"))
    thread.start()
    start = time.monotonic()
    assert capture.wait(30).depth == "its own"
    assert time.monotonic() - start < 20  # no longer than it took to come
    thread.join()


def test_nothing_within_the_slop(sync: FrameSync) -> None:
    sync.add_depth(0, "too early")
    capture = sync.capture(50 * MS)
    sync.add_depth(90 * MS, "too late")
    match = capture.wait(30)
    assert (match.depth, match.nearest_ms) == (None, 40)


def test_nothing_at_all_is_waited_for_in_vain() -> None:
    match = FrameSync(0.02).capture(SECOND).wait(0.01)
    assert (match.depth, match.camera_info, match.nearest_ms) == (None, None, None)


def test_waiting_ends_with_the_image_s_own_time(sync: FrameSync) -> None:
    capture = sync.capture(0)
    time.sleep(0.06)
    start = time.monotonic()
    assert capture.wait(0.05).depth is None
    assert time.monotonic() - start < 0.04


def test_a_calibration_that_comes_last() -> None:
    sync = FrameSync(0.02)
    sync.add_depth(0, "depth")
    capture = sync.capture(0)
    sync.add_info("late")
    assert capture.wait(30).camera_info == "late"


def test_a_recording_that_begins_anew(sync: FrameSync) -> None:
    sync.add_depth(100 * SECOND, "of the first time")
    sync.add_depth(SECOND, "of the second time")
    assert sync.capture(SECOND).wait(0).depth == "of the second time"
    assert sync.capture(100 * SECOND).wait(0).depth is None


def test_memory_is_bounded() -> None:
    sync = FrameSync(0.02)  # without calibration every colour image waits
    captures: list[Capture] = [sync.capture(number * SECOND // 30) for number in range(200)]
    for number in range(200):
        sync.capture(number * SECOND // 30 + 300 * SECOND)
        sync.add_depth(number * SECOND // 30 + 300 * SECOND, number)
    kept = KEPT_NS * 30 // SECOND + 1
    assert [depth for _, depth, _ in sync._depths] == list(range(200 - kept, 200))
    assert len(sync._waiting) <= kept
    assert captures[0].wait(0).depth is None
    large = MOST_BYTES // 4
    for number in range(20):
        sync.add_depth(310 * SECOND + number * MS, number, large)
    assert [depth for _, depth, _ in sync._depths] == [16, 17, 18, 19]
    for number in range(2):
        sync.add_depth(310 * SECOND + (30 + number) * MS, number, 10 * large)
    assert [depth for _, depth, _ in sync._depths] == [0, 1]
