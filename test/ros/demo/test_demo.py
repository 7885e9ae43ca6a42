# SPDX-License-Identifier: Apache-2.0
"""The demonstration: its ground truth, its report, and the whole of it in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.depth import stamped
from helpers.pictures import picture
from helpers.placed_answer import answer, placing
from helpers.programs import is_running
from helpers.small_model import save_small_model
from llmseg_core.images.run_lengths import decode_counts, encode_counts
from llmseg_core.runtime.folder_lock import locked
from llmseg_ros.camera.camera_frame import CameraFrame
from llmseg_ros.camera.recording import RecordedImages
from llmseg_ros.camera.recording_writer import write_recording
from llmseg_ros.demo import processes as processes_module
from llmseg_ros.demo.asker import Outcome
from llmseg_ros.demo.demonstration import main
from llmseg_ros.demo.ground_truth import GROUND_TRUTH_FILE, GroundTruth, Question
from llmseg_ros.demo.picture import Picture
from llmseg_ros.demo.processes import ProcessDied, Processes
from llmseg_ros.demo.report import outcome_table, write_report
from llmseg_ros.messages.depth_conversions import depth_to_image
from llmseg_ros.process import StopSignals

HEIGHT, WIDTH = 60, 80
SECOND = 10**9
SHIPPED = Path(__file__).parents[3] / "llmseg_ros" / "demo" / "recording"


def square(left: int, top: int, size: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top : top + size, left : left + size] = True
    return mask


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of two frames; three questions, one of which nothing fits."""
    folder = tmp_path_factory.mktemp("recording") / "two_scenes"
    stamps = [100 * SECOND + number * SECOND // 5 for number in range(4)]
    write_recording(
        folder,
        [
            CameraFrame(picture(index // 2, HEIGHT, WIDTH), "scene", stamp)
            for index, stamp in enumerate(stamps)
        ],
    )
    scenes = [
        {
            "objects": {"1": "red mug", "2": "blue book"},
            "questions": [
                {"instruction": f"the {noun} of scene {scene}", "kind": "category", "targets": ids}
                for noun, ids in questions
            ],
            "frames": [
                {
                    "stamp_ns": stamp,
                    "masks": {
                        "1": encode_counts(square(5, 5, 20)),
                        "2": encode_counts(square(40, 30, 10)),
                    },
                }
                for stamp in stamps[2 * scene : 2 * scene + 2]
            ],
        }
        for scene, questions in enumerate(
            ([("mug", [1]), ("unicorn", [])], [("mug and book", [1, 2])])
        )
    ]
    truth = {"image_size": [HEIGHT, WIDTH], "scenes": scenes}
    (folder / GROUND_TRUTH_FILE).write_text(json.dumps(truth))
    return folder


def test_ground_truth(recording: Path, tmp_path: Path) -> None:
    truth = GroundTruth.load(recording)
    assert [question.scene for question in truth.questions] == [0, 0, 1]
    stamp = 100 * SECOND + 2 * SECOND // 5
    assert truth.scene_at(stamp) == 1
    assert truth.scene_at(7) is None
    both = square(5, 5, 20) | square(40, 30, 10)
    assert np.array_equal(truth.target(truth.questions[2], stamp), both)
    assert not truth.target(truth.questions[1], 100 * SECOND).any()

    with pytest.raises(FileNotFoundError, match="needs a recording with questions"):
        GroundTruth.load(tmp_path)
    (tmp_path / GROUND_TRUTH_FILE).write_text('{"scenes": []}')
    with pytest.raises(ValueError, match="is no ground truth"):
        GroundTruth.load(tmp_path)
    text = (recording / GROUND_TRUTH_FILE).read_text()
    torn = text.replace(encode_counts(square(40, 30, 10)), "o")
    (tmp_path / GROUND_TRUTH_FILE).write_text(torn)
    with pytest.raises(ValueError, match=r"is no ground truth.*'o' is no compressed COCO RLE"):
        GroundTruth.load(tmp_path)


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="the recording is not in this checkout")
def test_the_shipped_recording() -> None:
    truth = GroundTruth.load(SHIPPED)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 6_000_000
    assert len(truth.questions) >= 6
    assert any(not question.targets for question in truth.questions)
    assert len({question.kind for question in truth.questions}) == 5
    for question in truth.questions:
        for stamp in truth.scenes[question.scene].frames:
            assert truth.target(question, stamp).any() == bool(question.targets)


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="the recording is not in this checkout")
def test_things_in_the_shipped_recording_stand_still_in_space() -> None:
    """While the view sways over them: depth and calibration are each image's own."""
    truth = GroundTruth.load(SHIPPED)
    masks = truth.scenes[0].frames
    positions = []
    for frame in RecordedImages(SHIPPED, "", pytest.fail):
        assert frame.depth is not None
        assert frame.camera is not None
        assert frame.stamp_ns is not None
        if frame.stamp_ns not in masks:
            break
        header = stamped(frame.stamp_ns)
        mask = decode_counts(masks[frame.stamp_ns][2], (480, 640))[None]
        depth = depth_to_image(frame.depth.values, header)
        seen = answer(depth, frame.camera.to_message(header), mask, header)
        (place,) = placing().find(seen).places
        positions.append(place.position)
    assert len(positions) == 6
    spread = np.ptp(np.array(positions), axis=0)
    assert spread.max() < 0.005  # metres; with one calibration for all it is 0.03


class Tags(HTMLParser):
    """Counts tags and collects what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.references += [str(value) for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outcome(instruction: str, targets: tuple[int, ...], found: bool, iou: float) -> Outcome:
    question = Question(0, instruction, "function", targets)
    mask = square(5, 5, 20)
    return Outcome(question, SECOND, found, False, 0.5, iou, 123.4, mask, overlay_number=0)


def test_report(tmp_path: Path) -> None:
    outcomes = [
        outcome('the <b>mug</b> & "spoon" [/red]', (1,), True, 0.8),
        replace(outcome("a unicorn", (), True, 0.0), followed=True),
    ]
    rgb = picture(0, HEIGHT, WIDTH)
    pictures = [Picture(rgb, rgb, square(5, 5, 20)), Picture(rgb, rgb, square(0, 0, 0))]
    (tmp_path / "07_of_an_earlier_run.png").touch()
    write_report(tmp_path, outcomes, pictures)

    assert json.loads((tmp_path / "summary.json").read_text()) == [
        {"instruction": 'the <b>mug</b> & "spoon" [/red]', "found": True, "followed": False,
         "iou": 0.8, "latency_ms": 123.4},
        {"instruction": "a unicorn", "found": True, "followed": True,
         "iou": 0.0, "latency_ms": 123.4},
    ]  # fmt: skip
    images = sorted(path.name for path in tmp_path.glob("*.png"))
    assert images == ["01_the_b_mug_b_spoon_red.png", "02_a_unicorn.png"]
    shown = cv2.imread(str(tmp_path / images[0]))
    assert np.array_equal(shown[..., ::-1], rgb)

    page = (tmp_path / "index.html").read_text()
    tags = Tags(page)
    assert not tags.open
    assert len(tags.references) == 4
    assert all(reference.startswith("data:image/jpeg;base64,") for reference in tags.references)
    assert "the &lt;b&gt;mug&lt;/b&gt; &amp;" in page
    assert "nothing here fits" in page

    table = outcome_table(outcomes)
    assert list(table.columns[2].cells) == ["yes", "yes (wrong)", "1 right"]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def demo(recording: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demonstration as a user starts it, before it has asked anything."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llmseg_ros.demo", "--recording", str(recording),
         "--output", str(tmp_path / "output")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        wait_until(lambda: len(children(process.pid)) == 2)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_leaves_no_process_behind(demo: subprocess.Popen[str]) -> None:
    nodes = children(demo.pid)
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "interrupted" in output
    assert "Traceback" not in output
    assert not any(is_running(pid) for pid in nodes)


def test_a_killed_demo_leaves_no_process_behind(demo: subprocess.Popen[str]) -> None:
    nodes = children(demo.pid)
    demo.kill()
    wait_until(lambda: not any(is_running(pid) for pid in nodes))


def test_a_process_that_ignores_signals_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = tmp_path / "stubborn.py"
    stubborn.write_text(
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "stubborn.log"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(processes_module, "STOP_SIGNALS", ((signal.SIGINT, 0.2),))
    with Processes(tmp_path) as processes:
        processes.start("stubborn", "stubborn", [])
        wait_until(lambda: log.read_text().endswith("\n"))
        assert is_running(int(log.read_text()))
    wait_until(lambda: not is_running(int(log.read_text())))


def test_a_process_that_ends_by_itself_is_reported(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("camera", "llmseg_ros.camera", [])
        wait_until(lambda: "no source given" in (tmp_path / "camera.log").read_text())
        with pytest.raises(ProcessDied, match=r"(?s)camera ended with status 1.*no source given"):
            wait_until(processes.check)


def test_one_demonstration_at_a_time_writes_a_folder(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / f"[red]{'long' * 30}"  # neither wrapped nor taken for markup
    with locked(output):
        arguments = ["--recording", str(recording), "--output", str(output)]
        assert main(arguments, StopSignals()) == 1
    assert f"failed: {output} is being written by process" in capsys.readouterr().out
    assert [path.name for path in output.iterdir()] == [".lock"]


def test_the_whole_demo(recording: Path, tmp_path: Path) -> None:
    save_small_model(tmp_path / "model")
    output = tmp_path / "output"
    done = subprocess.run(
        [sys.executable, "-m", "llmseg_ros.demo", "--recording", recording,
         "--model", tmp_path / "model", "--output", output],
        capture_output=True,
        text=True,
        timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((output / "summary.json").read_text())
    instructions = [question.instruction for question in GroundTruth.load(recording).questions]
    assert [entry["instruction"] for entry in summary] == instructions
    for entry in summary:
        assert set(entry) == {"instruction", "found", "followed", "iou", "latency_ms"}
        assert 0 <= entry["iou"] <= 1
        assert entry["latency_ms"] > 0
        assert entry["instruction"] in done.stdout
    assert len(list(output.glob("*.png"))) == 3
    assert (output / "index.html").stat().st_size > 10_000
