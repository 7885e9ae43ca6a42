# SPDX-License-Identifier: Apache-2.0
"""The log of errors and its limits, without ROS."""

from __future__ import annotations

import threading

import pytest

from llmseg_ros import error_log
from llmseg_ros.error_log import ErrorLog


class Lines:
    """A logger that keeps what it gets."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, message: str) -> None:
        self.errors.append(message)

    def warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def lines() -> Lines:
    return Lines()


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(error_log.time, "monotonic", clock)
    return clock


@pytest.fixture
def errors(lines: Lines, clock: Clock) -> ErrorLog:
    return ErrorLog(lines)


def test_numbers_do_not_make_another_kind(lines: Lines, errors: ErrorLog) -> None:
    for width in range(300):
        errors.report("/image", f"step too small (width {width}, at 0x{width:x}, {width / 7:g} s)")
    assert lines.errors == ["/image: step too small (width 0, at 0x0, 0 s) (logged once)"]
    assert errors.last is not None
    assert "width 299" in errors.last.text  # the newest is always known
    errors.report("/image", "unknown encoding 'rainbow'")
    errors.report("/other", "unknown encoding 'rainbow'")
    assert len(lines.errors) == 3


def test_quoted_values_do_not_make_another_kind(lines: Lines, errors: ErrorLog) -> None:
    for text in ("mug", 'it\'s "here"', "a\n'b", "", "\u2603 7", "cup' and 'saucer"):
        errors.report("~/instruction", f"the text {text!r} is the model's problem, not 'ours'")
    for cut in ("'aaa...", "'b c...", "'d'..."):
        errors.report("~/instruction", f"the text {cut} is the model's problem, not 'ours'")
    assert len(lines.errors) == 1
    errors.report("~/instruction", "the text 'mug' is the model's fault, not 'ours'")
    assert len(lines.errors) == 2


def test_lines_are_limited_whatever_the_text(lines: Lines, errors: ErrorLog, clock: Clock) -> None:
    def many(word: str) -> None:
        for letter in "abcdefghijklmnopqrstuvwxyz":
            errors.report("/image", f"{word} {letter}")

    many("first")
    assert len(lines.errors) == error_log.BURST
    clock.now += 2 * error_log.REFILL_S
    many("second")
    assert len(lines.errors) == error_log.BURST + 2
    assert "6 errors before it were too many" in lines.errors[-2]
    assert lines.errors[-1] == "/image: second b (logged once)"
    assert errors.last is not None
    assert errors.last.text == "/image: second z"


def test_memory_is_limited(lines: Lines, errors: ErrorLog, clock: Clock) -> None:
    names = [chr(0x4E00 + number) for number in range(error_log.MOST_KINDS + 50)]
    for name in names:
        clock.now += error_log.REFILL_S
        errors.report("/image", name)
    assert len(lines.errors) == len(names)
    clock.now += error_log.REFILL_S
    errors.report("/image", names[-1])  # still known
    assert len(lines.errors) == len(names)
    errors.report("/image", names[0])  # forgotten, so it counts as new
    assert len(lines.errors) == len(names) + 1


def test_long_texts_are_cut(lines: Lines, errors: ErrorLog) -> None:
    errors.report("inference", "mug " * 100_000, "frame\n" * 100_000)
    assert errors.last is not None
    assert "(400011 characters)" in errors.last.text
    assert len(errors.last.text) < 600
    assert len(lines.errors[0]) < 5000


def test_warnings_are_limited_too_and_are_no_failure(lines: Lines, errors: ErrorLog) -> None:
    for number in range(100):
        errors.warn("~/segment", f"no image yet, call {number}")
    assert lines.warnings == ["~/segment: no image yet, call 0 (logged once)"]
    assert errors.last is None


def test_a_cleared_log_logs_again(lines: Lines, errors: ErrorLog) -> None:
    for _ in range(2):
        errors.report("/image", "empty")
        errors.clear()
        assert errors.last is None
    assert len(lines.errors) == 2


def test_a_guarded_callback_never_raises(lines: Lines, errors: ErrorLog) -> None:
    calls: list[object] = []
    guarded = errors.guard("timer", lambda value: calls.append(1 / value))
    guarded(2)
    guarded(0)
    assert calls == [0.5]
    assert lines.errors[0].startswith("timer: ZeroDivisionError: division by zero (logged once)\n")
    assert "Traceback" in lines.errors[0]


def test_many_threads_log_one_kind_once(lines: Lines, errors: ErrorLog) -> None:
    def report() -> None:
        for number in range(200):
            errors.report("inference", f"frame {number} failed")

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines.errors) == 1
