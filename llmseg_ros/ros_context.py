# SPDX-License-Identifier: Apache-2.0
"""rclpy from its start to its end, and the executor between; the same on every distribution."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future as RosFuture

from .error_log import ErrorLog
from .process import MISUSED, StartError, StopSignals

__all__ = ["awaited", "ros_context", "spin"]

T = TypeVar("T")

FAREWELL_S = 0.5
"""seconds that answers to those who wait may take when a node ends"""

ROUNDS_TO_SEND = 10
"""turns of the executor in which rclpy sends what the last callback has answered"""


@contextmanager
def ros_context(arguments: Sequence[str] | None = None) -> Iterator[None]:
    """Initialises rclpy, and shuts it down if nobody else has; `with rclpy.init()` is newer.

    Signals are left to `StopSignals`: rclpy's own handlers break the call that a signal comes in.

    Args:
        arguments: command line without the program's name; None is the process's own.

    Raises:
        StartError: a remapping, a parameter file or another argument for ROS cannot be read.
    """
    try:
        args = None if arguments is None else ["", *arguments]
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise StartError(_readable(error), MISUSED) from error
    try:
        yield
    finally:
        rclpy.try_shutdown()


def spin(
    node: Node,
    errors: ErrorLog,
    stop: StopSignals,
    finished: Callable[[], bool] = lambda: False,
    farewell: Callable[[], int] = lambda: 0,
) -> None:
    """Runs the node's callbacks until a signal, the end of rclpy or `finished`; then destroys it.

    One thread is enough: inference and loading have their own, callbacks are short, and what waits
    is awaited. rclpy's MultiThreadedExecutor would cost more for every message.

    Args:
        node: whose callbacks run.
        errors: gets what a callback raises; the node lives on.
        stop: ends spinning, with what is being called.
        finished: is asked after each callback.
        farewell: is called before the node is destroyed, and tells how many of its callers still
            wait for an answer; the node's callbacks go on for `FAREWELL_S` until none does.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    stop.end_in_order(lambda: executor.create_task(_nothing))

    def spin_once(timeout_s: float | None = None) -> None:
        try:
            executor.spin_once(timeout_s)
        except ExternalShutdownException:
            raise
        except Exception as error:
            errors.report_exception("callback", error)

    try:
        while executor.context.ok() and not stop.requested and not finished():
            spin_once()
        last = time.monotonic() + FAREWELL_S
        rounds = ROUNDS_TO_SEND if farewell() else 0
        while executor.context.ok() and rounds and time.monotonic() < last:
            rounds -= not farewell()
            spin_once(0.01)
    except ExternalShutdownException:
        return
    finally:
        node.destroy_node()
        executor.shutdown()


async def awaited(node: Node, future: Future[T]) -> T:
    """The result of another thread's future, while the node's executor goes on.

    The callback that awaits needs a reentrant callback group of its own, lest it keep the other
    callbacks of its group out.
    """
    done: RosFuture = RosFuture()

    def finish(_: Future[T]) -> None:  # in the other thread
        done.set_result(None)
        if node.executor is not None:
            node.executor.wake()  # a result that is set in another thread does not do so

    future.add_done_callback(finish)
    await done
    return future.result()


def _nothing() -> None:
    """A task for the executor: it returns from waiting."""


def _readable(error: RuntimeError) -> str:
    """The message of an argument that it cannot read, in words for whoever typed it."""
    text = " ".join(str(error).split()).removeprefix("failed to initialize rcl: ")
    text = text.partition(", at /")[0]
    if type(error).__name__ == "UnknownROSArgsError":
        return f"unknown arguments after --ros-args: {text}"
    for begin, right in (
        ("Couldn't parse remap rule: ", "a remapping is FROM:=TO, of valid names"),
        ("Couldn't parse parameter override rule: ", "a parameter is NAME:=VALUE"),
    ):
        if text.startswith(begin):
            rule = text.removeprefix(begin).partition(". Error:")[0]
            return f"cannot read {rule}: {right}"
    return text
