# SPDX-License-Identifier: Apache-2.0
"""The whole demonstration: camera and node as processes of their own, asked over DDS."""

from __future__ import annotations

import argparse
import os
import time
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rich.console import Console

from llmseg_core.runtime.folder_lock import locked
from llmseg_ros.camera.recording import RecordedImages
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.own_domain import own_network
from llmseg_ros.process import StopSignals
from llmseg_ros.ros_context import ros_context

from .asker import Asker, Outcome
from .ground_truth import GroundTruth
from .picture import Picture
from .processes import ProcessDied, Processes
from .report import outcome_table, write_report

__all__ = ["main"]

RECORDING = Path(__file__).parent / "recording"
WEB_PORT = 8766
WEB_RATE_HZ = 2.0
"""of the camera when a person asks"""


class DemoError(RuntimeError):
    """The demonstration cannot go on; the text says why."""


class Interrupted(Exception):
    """A signal has come."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    recording: Path
    model: str
    device: str
    output: Path
    timeout_s: float
    web: bool


def main(arguments: Sequence[str], stop: StopSignals) -> int:
    """Runs the demonstration; returns the exit status."""
    options = parse(arguments)
    stop.end_in_order()
    console = Console()
    try:
        run(options, stop, console)
    except (DemoError, ProcessDied, OSError, ValueError) as error:
        _say(console, f"the demonstration failed: {error}", "red")
        return 1
    except Interrupted:
        console.print("interrupted")
    return 0


def parse(arguments: Sequence[str]) -> Options:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m llmseg_ros.demo", description=__doc__)
    parser.add_argument("--recording", type=Path, default=RECORDING, help="recording to play")
    parser.add_argument("--model", default="embedded", help="model directory")
    parser.add_argument("--device", default="cpu", help="torch device of the node")
    parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder to write")
    parser.add_argument(
        "--timeout", dest="timeout_s", type=float, default=300.0, help="seconds for all questions"
    )
    parser.add_argument(
        "--web",
        action="store_true",
        help=f"ask nothing, and show the node's live page at port {WEB_PORT} until Ctrl-C",
    )
    return Options(**vars(parser.parse_args(arguments)))


def run(options: Options, stop: StopSignals, console: Console) -> None:
    """Asks all questions and writes the report.

    Raises:
        DemoError: the node cannot be configured, or the time was not enough.
        Interrupted: a signal has come.
        ProcessDied: camera or node ended.
        FolderInUseError: another demonstration writes the folder.
    """
    truth = GroundTruth.load(options.recording)
    with locked(options.output):
        _run(options, truth, stop, console)


def _run(options: Options, truth: GroundTruth, stop: StopSignals, console: Console) -> None:
    # A domain of its own: nothing else on this machine or in its network hears or disturbs it.
    os.environ.update(own_network() | large_message_environment())
    _say(
        console,
        f"playing {options.recording} in ROS_DOMAIN_ID {os.environ['ROS_DOMAIN_ID']}: "
        f"{len(truth.scenes)} scenes, {len(truth.questions)} questions",
    )
    with Processes(options.output) as processes:
        start_nodes(processes, options)
        if options.web:
            show_page(processes, stop, console)
            return
        outcomes, overlays = ask(truth, processes, options.timeout_s, stop, console)
    write_report(options.output, outcomes, pictures(options.recording, truth, outcomes, overlays))
    console.print(outcome_table(outcomes))
    _say(console, f"pictures: {options.output / 'index.html'}")


def _say(console: Console, text: str, style: str | None = None) -> None:
    """A line of text as it is: a path may be long, and hold what looks like markup."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def start_nodes(processes: Processes, options: Options) -> None:
    """Starts camera and segmentation node."""
    camera = {"source": str(options.recording), "recorded_stamps": "true"}
    node = {"model": options.model, "device": options.device}
    if RecordedImages(options.recording, "", lambda problem: None).depth:
        node["depth_topic"] = "depth"
    if options.web:  # a person needs time, and a camera that goes on
        camera = {"source": str(options.recording), "loop": "true", "rate_hz": str(WEB_RATE_HZ)}
        node["web_port"] = str(WEB_PORT)
    for name, module, parameters in (
        ("llmseg_camera", "llmseg_ros.camera", camera),
        ("llmseg", "llmseg_ros.node", node),
    ):
        settings = [text for key, value in parameters.items() for text in ("-p", f"{key}:={value}")]
        processes.start(name, module, ["--ros-args", *settings])


def show_page(processes: Processes, stop: StopSignals, console: Console) -> None:
    """Opens the node's live page in the browser, and waits for a signal.

    Raises:
        DemoError: there is no page, as somebody else has its port.
        Interrupted: a signal has come.
        ProcessDied: camera or node ended.
    """
    url = f"http://127.0.0.1:{WEB_PORT}/"
    with console.status("starting the node"):
        while "active: " not in (said := processes.output("llmseg")):
            if stop.requested:
                raise Interrupted
            processes.check()
            time.sleep(0.1)
    refusal = next((line for line in said.splitlines() if "there is no live page" in line), "")
    if refusal:
        raise DemoError(refusal)
    _say(console, f"the live page is at {url}; Ctrl-C ends it")
    webbrowser.open(url)  # does nothing where there is no browser
    while not stop.requested:
        processes.check()
        time.sleep(0.1)
    raise Interrupted


def ask(
    truth: GroundTruth,
    processes: Processes,
    timeout_s: float,
    stop: StopSignals,
    console: Console,
) -> tuple[list[Outcome], list[np.ndarray]]:
    """The answers in the questions' order, and the overlay (H, W, 3) RGB of each."""

    def show(outcome: Outcome) -> None:
        text = outcome.question.instruction
        _say(console, f"{outcome.latency_ms:6.0f} ms  IoU {outcome.iou:.2f}  {text}")

    with ros_context([]):
        asker, executor = Asker(truth, show), SingleThreadedExecutor()
        executor.add_node(asker)
        deadline = time.monotonic() + timeout_s
        with console.status("loading the model") as status:
            while not asker.done:
                executor.spin_once(timeout_sec=0.1)
                if stop.requested:
                    raise Interrupted
                processes.check()
                if asker.ready:
                    status.update(f"{len(asker.outcomes)} of {len(truth.questions)} answered")
                if asker.failure:
                    raise DemoError(f"the node says: {asker.failure}")
                if time.monotonic() > deadline:
                    raise DemoError(
                        f"{len(asker.outcomes)} of {len(truth.questions)} questions were answered "
                        f"in {timeout_s:g} s"
                    )
        outcomes = sorted(asker.outcomes, key=lambda o: truth.questions.index(o.question))
        return outcomes, [asker.overlay_pixels(outcome) for outcome in outcomes]


def pictures(
    recording: Path,
    truth: GroundTruth,
    outcomes: Sequence[Outcome],
    overlays: Sequence[np.ndarray],
) -> list[Picture]:
    """For each outcome its overlay, the recorded image and the right answer."""
    wanted = {outcome.stamp_ns for outcome in outcomes}
    frames = RecordedImages(recording, "", lambda problem: None)
    images = {frame.stamp_ns: frame.rgb for frame in frames if frame.stamp_ns in wanted}
    return [
        Picture(
            overlay,
            images[outcome.stamp_ns],
            truth.target(outcome.question, outcome.stamp_ns),
        )
        for outcome, overlay in zip(outcomes, overlays, strict=True)
    ]
