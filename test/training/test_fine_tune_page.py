# SPDX-License-Identifier: Apache-2.0
"""Every command of docs/fine-tune.md, typed in a folder with miniature data."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore

from helpers.folder_data import write_folder_data
from llmseg_core.cli.main import main
from llmseg_core.images.image_files import write_image
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.data import open_data

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fine-tune.md"
COMMANDS = re.findall(r"^    ((?:llmseg|tensorboard) .+)$", PAGE.read_text("utf-8"), re.MULTILINE)
SHORT = {"steps": 2, "accumulation": 1, "warmup_steps": 1, "workers": 0, "validate_steps": 1}


def write_recording(folder: Path) -> None:
    """Two images of a camera, three seconds apart."""
    types = get_typestore(Stores.ROS2_HUMBLE)
    image_type, header, time = (
        types.types[name]
        for name in ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    )
    folder.parent.mkdir(parents=True)
    with Writer(folder, version=9) as writer:
        topic = writer.add_connection("/camera", image_type.__msgtype__, typestore=types)
        for second in (1, 4):
            pixels = np.full(40 * 60 * 3, 40 * second, dtype=np.uint8)
            stamp = time(sec=second, nanosec=0)
            message = image_type(
                header=header(stamp=stamp, frame_id="camera"), height=40, width=60,
                encoding="rgb8", is_bigendian=0, step=180, data=pixels,
            )  # fmt: skip
            data = types.serialize_cdr(message, image_type.__msgtype__)
            writer.write(topic, second * 10**9, data)


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robot")
    write_folder_data(folder / "my_data" / "train", 4)
    write_folder_data(folder / "my_data" / "val", 2, first=10)
    write_recording(folder / "recordings" / "monday")
    return folder


TOO_FEW = {
    "calibrate": "a calibration needs at least",
    "familiarity": "are too few to know what is usual",
}
"""what commands say that need more images than a test has"""


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 18


@pytest.mark.timeout(900)
def test_every_command_runs(
    robot: Path,
    parts: ModelParts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_parts(parts, robot / "models" / "llm-seg")
    monkeypatch.chdir(robot)
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        if program == "tensorboard":
            show_logs(arguments)
            continue
        if arguments[0] == "train":
            arguments += [f"--set={key}={value}" for key, value in SHORT.items()]
        if arguments[0] in ("train-proposals", "train-encoder"):
            arguments += ["--steps", "1"]
        if arguments[0] in TOO_FEW:
            assert main(arguments) == 2, command
            assert TOO_FEW[arguments[0]] in capsys.readouterr().err
            continue
        assert main(arguments) == 0, command
    assert len(list((robot / "my_data" / "frames").rglob("*.png"))) == 2
    assert (robot / "build" / "my_robot" / "best" / "llmseg.yaml").is_file()
    assert (robot / "build" / "my_small_robot" / "best" / "llmseg.yaml").is_file()
    assert (robot / "build" / "after" / "report.json").is_file()
    assert len(list((robot / "build" / "pictures").iterdir())) == 2


def show_logs(arguments: list[str]) -> None:
    """TensorBoard reads the logs."""
    inspect = [sys.executable, "-m", "tensorboard.main", *arguments, "--inspect"]
    done = subprocess.run(inspect, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "eval_giou" in done.stdout or "eval/giou" in done.stdout


def test_the_example_of_a_line_is_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    folder = write_folder_data(tmp_path / "data", 1)
    (folder / "samples.jsonl").write_text(example.replace("\n", " ") + "\n")
    image = folder / "images" / "picture_0.png"
    image.rename(folder / "images" / "0007.png")
    (folder / "masks").mkdir()
    for name in ("scissors", "mug"):
        write_image(folder / "masks" / f"0007_{name}.png", np.full((40, 60), 255, dtype=np.uint8))
    (sample,) = open_data(folder)
    assert [question.kind.value for question in sample.questions] == ["instruction", "phrase"]
