# SPDX-License-Identifier: Apache-2.0
"""`make soak`: a node with a camera for a long time; every frame is accounted for.

A process of the node gets frames at a fixed rate over DDS, another instruction every ten seconds
and a call of the service every five. Counted are frames sent and received, answers, drops and
failures; measured are the age of each answer and the node's memory, threads and open files. There
may be several cameras, JPEG, depth with clouds, somebody who looks at the live page, and answers
that are followed; then dropped frames have results, too.

Before anything is measured the node warms up: it answers each instruction and a call, and is late
once, so that its queue in the middleware has been full (`let_be_late`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from rclpy.time import Time
from sensor_msgs.msg import Image

from helpers.moving_picture import moved, textured
from helpers.node_process import NodeProcess
from helpers.observer import Observer
from helpers.page_client import free_port
from helpers.pictures import picture
from helpers.programs import NODE, programs
from llmseg_ros.messages.compressed_images import rgb_to_compressed
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.ros_context import ros_context
from llmseg_ros.srv import Segment

from .late_node import let_be_late
from .process_sample import Sample, process_sample
from .report import machine, print_table, stay_apart, write_json
from .soak_mode import PLAIN, QUEUE, Looker, Mode, SoakCamera

__all__ = ["Soak", "main", "soak", "soak_node"]

SAMPLE_S, INSTRUCT_S, CALL_S = 1.0, 10.0, 5.0
WARM_UP = 0.1
"""share of the time after which memory is compared with the end's"""

INSTRUCTIONS = ("something to drink from", "the thing to write with", "what could I eat?")
COUNTS = ("frames received", "answers", "frames dropped", "failures")
DIAGNOSTICS_S = 1.2
SETTLE_S = 300.0
"""seconds in which a node has answered, on a machine that does much else, and said so"""


@dataclass
class Soak:
    """What came out of it.

    Attributes:
        sent: frames published.
        before: the node's own counts before the first of them, from its diagnostics.
        counts: the same afterwards, less those before.
        answered: stamps of the frames that were answered, in nanoseconds, and the age in ms of the
            first answer on each.
        results: messages of answers that came here.
        calls: of the service, and those that had a result.
        followed: whether results are carried along from frame to frame.
        late: MB of the process before and after each time that it was made to be late, at first.
        samples: of the process, one a second.
    """

    sent: int = 0
    before: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    results: int = 0
    calls: int = 0
    calls_answered: int = 0
    followed: bool = False
    late: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Frames that did not reach the node."""
        return self.sent - self.counts["frames received"]

    @property
    def missed(self) -> int:
        """Answers whose results did not come here: the topic holds the newest few.

        A machine that lets a listener wait for seconds overtakes it. 0 where answers are followed,
        which has more results.
        """
        answers = self.counts["answers"] - self.calls_answered  # those of calls go to the callers
        return 0 if self.followed else max(0, answers - self.results)

    @property
    def unaccounted(self) -> int:
        """Frames that reached it and were neither answered nor dropped, nor made it fail.

        0 where answers are followed: a dropped frame has a result, too.
        """
        if self.followed:
            return 0
        done = len(self.answered) + self.counts["frames dropped"] + self.counts["failures"]
        return max(0, self.counts["frames received"] - done - self.missed)

    @property
    def rss_growth(self) -> float:
        """Share by which memory grew from the end of the warm-up to the end, medians of a tenth."""
        tenth = max(1, len(self.samples) // 10)
        first = int(len(self.samples) * WARM_UP)
        begin, end = self.samples[first : first + tenth], self.samples[-tenth:]
        return median(s.rss_mb for s in end) / median(s.rss_mb for s in begin) - 1

    def report(self, windows: int = 10) -> dict[str, Any]:
        """Plain values, also in windows of time."""
        ages, last = list(self.answered.values()), self.samples[-1]
        per_window = []
        edges = [last.at_s * number / windows for number in range(windows + 1)]
        began = min(self.answered) / 1e9
        for low, high in pairwise(edges):
            inside = [s for s in self.samples if low <= s.at_s <= high]
            of_window = [
                age for stamp, age in self.answered.items() if low <= stamp / 1e9 - began < high
            ]
            per_window.append({
                "until [s]": round(high, 1),
                "answers": len(of_window),
                "median age [ms]": round(median(of_window), 1) if of_window else None,
                "RSS [MB]": round(median(s.rss_mb for s in inside), 2) if inside else None,
            })  # fmt: skip
        cuts = quantiles(ages, n=100) if len(ages) > 1 else ages * 99
        return {
            "frames sent": self.sent,
            "frames received": self.counts["frames received"],
            "frames with a result" if self.followed else "frames answered": len(self.answered),
            "frames dropped": self.counts["frames dropped"],
            "failures": self.counts["failures"],
            "frames lost on the way": self.lost,
            "frames unaccounted for": self.unaccounted,
            "results overtaken before they were read here": self.missed,
            "calls": self.calls,
            "calls answered": self.calls_answered,
            "age of an answer [ms]": {
                "median": round(median(ages), 1),
                "95 %": round(cuts[94], 1),
                "99 %": round(cuts[98], 1),
                "most": round(max(ages), 1),
            },
            "RSS [MB]": {
                "late at first": [round(mb, 2) for mb in self.late],
                "after warm-up": round(self.samples[int(len(self.samples) * WARM_UP)].rss_mb, 2),
                "at the end": round(last.rss_mb, 2),
                "most": round(max(s.rss_mb for s in self.samples), 2),
                "growth [%]": round(100 * self.rss_growth, 3),
            },
            "threads": [self.samples[0].threads, last.threads],
            "open files": [self.samples[0].files, last.files],
            "windows": per_window,
        }


def soak(
    seconds: float, rate_hz: float, size: tuple[int, int], model: str, threads: int, mode: Mode
) -> Soak:
    """Runs it; `size` is (H, W) of the frames. rclpy must have been initialised.

    Raises:
        AssertionError: the node's process ended.
        TimeoutError: it does not answer any more.
    """
    result, observer = Soak(), Observer()
    with (
        tempfile.TemporaryDirectory(prefix="llmseg_soak_") as folder,
        programs(Path(folder)) as run,
    ):
        mode = mode.with_sam2(Path(folder) / "sam2")
        values = {"model": model, "threads": threads, **mode.parameters}
        arguments = [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]
        try:
            program = run(*NODE, "--ros-args", *arguments)
            node = NodeProcess(observer, program, mode.cameras)
            soak_node(result, node, seconds, rate_hz, size, mode, warms_up=True)
        finally:
            observer.close()
    return result


def soak_node(
    result: Soak,
    node: NodeProcess,
    seconds: float,
    rate_hz: float,
    size: tuple[int, int],
    mode: Mode = PLAIN,
    warms_up: bool = False,
) -> None:
    """Does it with a node that is active already and does what `mode` says; fills `result`."""
    own = node.observer.node
    result.followed = mode.following != "off"
    cameras = [SoakCamera(own, mode, name, size) for name in mode.cameras]
    for camera in cameras:
        node.observer.wait_until(camera.is_taken)
    asked_about = rgb_to_image(picture(0, *size), Image().header)
    frames = [
        rgb_to_compressed(rgb, Image().header, 90) if mode.compressed
        else rgb_to_image(rgb, Image().header)
        for rgb in pictures(size, result.followed)
    ]  # fmt: skip
    call = Segment.Request(instruction="the mug", image=asked_about, camera=mode.cameras[-1])
    node.set("min_presence", 0.0)
    node.set("min_confidence", 0.0)
    node.instruct(INSTRUCTIONS[0])
    ended = threading.Event()

    def send() -> None:
        frame = frames[result.sent % len(frames)]
        frame.header.stamp = Time(nanoseconds=time.time_ns()).to_msg()
        cameras[result.sent % len(cameras)].send(frame)
        result.sent += 1

    def play() -> None:
        due = time.monotonic()
        while not ended.is_set():
            send()
            due += 1 / rate_hz
            time.sleep(max(0.0, due - time.monotonic()))

    if warms_up:
        for instruction in INSTRUCTIONS:
            _answer_once(node, instruction, send)
            node.observer.wait_until(node.send(Segment, "segment", call).done, SETTLE_S)
        result.late = let_be_late(node, send, QUEUE * len(cameras))
        result.sent = 0
    node.observer.spin_for(DIAGNOSTICS_S)  # it answers on what it has, and then has nothing to do
    node.diagnostics.clear()
    result.before = _counts(node)
    node.results.clear()
    playing = threading.Thread(target=play)
    looking = Looker(mode)
    began = time.monotonic()
    next_sample = next_call = next_instruction = began
    future, asked = None, 0
    playing.start()
    try:
        while (now := time.monotonic()) - began < seconds:
            node.observer.spin_for(0.05)
            _collect(result, node)
            assert node.program.is_running(), node.program.output[-4000:]
            if now >= next_sample:
                result.samples.append(process_sample(node.program.pid, now - began))
                next_sample += SAMPLE_S
            if now >= next_instruction:
                node.instruct(INSTRUCTIONS[asked % len(INSTRUCTIONS)])
                next_instruction, asked = next_instruction + INSTRUCT_S, asked + 1
            if future is not None and future.done():
                result.calls_answered += future.result().success
                future = None
            if future is None and now >= next_call:
                future, next_call = node.send(Segment, "segment", call), next_call + CALL_S
                result.calls += 1
    finally:
        ended.set()
        playing.join()
        looking.stop()
    if future is not None:
        with suppress(TimeoutError):  # a call was lost, which the counts say
            node.observer.wait_until(future.done, SETTLE_S)
            result.calls_answered += future.result().success
    _settle(result, node)


def _answer_once(node: NodeProcess, instruction: str, send: Callable[[], None]) -> None:
    """Has the node answer an instruction on a frame."""
    node.results.clear()
    node.instruct(instruction)

    def is_answered() -> bool:
        send()
        node.observer.spin_for(0.1)
        return any(result.instruction == instruction for result in node.results)

    node.observer.wait_until(is_answered, SETTLE_S)


def pictures(size: tuple[int, int], follows_on: bool) -> list[np.ndarray]:
    """Four pictures, (H, W, 3) RGB of `size`: noise, or one that moves to and fro by a pixel."""
    if not follows_on:
        return [picture(number, *size) for number in range(4)]
    still = textured(*size)
    return [moved(still, np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]])) for x in (0, 1, 2, 1)]


def _settle(result: Soak, node: NodeProcess) -> None:
    """Waits until the node has nothing to do any more, and takes its counts."""

    def is_settled() -> bool:
        received = result.counts.get("frames received")
        node.observer.spin_for(DIAGNOSTICS_S)
        now = _counts(node)
        result.counts = {name: now[name] - result.before[name] for name in now}
        _collect(result, node)
        return not result.unaccounted and received == result.counts["frames received"]

    with suppress(TimeoutError):  # frames are missing, which the counts say
        node.observer.wait_until(is_settled, SETTLE_S)


def _counts(node: NodeProcess) -> dict[str, int]:
    """The node's counts from its newest diagnostics, once there are any."""
    node.observer.wait_until(lambda: bool(node.diagnostics))
    return {name: int(node.diagnostics[name]) for name in COUNTS}


def _collect(result: Soak, node: NodeProcess) -> None:
    for message in node.results:
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        result.answered.setdefault(stamp, message.age_ms)
    result.results += len(node.results)
    node.results.clear()


def main() -> int:
    """Reads the command line; returns the exit status, 1 if something was not as it must be."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=60.0, metavar="HZ")
    parser.add_argument("--size", default="160x120", metavar="WxH")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--threads", type=int, default=0, help="PyTorch's; 0 is one a core")
    parser.add_argument(
        "--following", default="off", help="off, flow, or video, by SAM 2 of small random weights"
    )
    parser.add_argument("--cameras", type=int, default=1, metavar="N")
    parser.add_argument("--compressed", action="store_true", help="send JPEG")
    parser.add_argument("--depth", action="store_true", help="depth images, and clouds of things")
    parser.add_argument("--web", action="store_true", help="look at the live page all the time")
    parser.add_argument("--rerun", default="", metavar="FILE", help="log for Rerun, too: x.rrd")
    parser.add_argument("--most-growth", type=float, default=1.0, metavar="PERCENT")
    parser.add_argument("--json", type=Path, default=Path("build/soak.json"))
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    names = tuple(f"camera_{number}" for number in range(options.cameras))
    mode = Mode(
        options.following,
        names if options.cameras > 1 else ("",),
        options.compressed,
        options.depth,
        free_port() if options.web else 0,
        options.rerun,
    )
    stay_apart()
    about = machine()
    with ros_context([]):
        result = soak(
            60 * options.minutes,
            options.rate,
            (height, width),
            options.model,
            options.threads,
            mode,
        )
    report = result.report()
    settings = {k: v for k, v in vars(options).items() if k != "json"}
    write_json(options.json, {"machine": about, "settings": settings, **report})
    print_table(("window", *report["windows"][0]), [
        (number, *window.values()) for number, window in enumerate(report["windows"], 1)
    ])  # fmt: skip
    for name, value in report.items():
        if name != "windows":
            print(f"{name}: {value}")
    print(options.json)
    grew = 100 * result.rss_growth > options.most_growth
    lost = (
        result.lost
        or result.unaccounted
        or result.counts["failures"]
        or result.calls != result.calls_answered
    )
    return int(bool(grew or lost))


if __name__ == "__main__":
    sys.exit(main())
