# SPDX-License-Identifier: Apache-2.0
"""Scores of following, on sequences whose course is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers.tiny_prompted import tiny_sam2_video
from llmseg_core.cli.main import main
from llmseg_training.evaluate.following import ObjectCourse, score_following


def course(visible: list[float], lost: list[bool], iou: float = 0.9) -> ObjectCourse:
    count = len(visible)
    ious = np.where(lost, 0.0, iou)
    return ObjectCourse(
        ious, np.full(count, 0.3), np.array(visible), np.array(lost), np.full(count - 1, 2.0)
    )


def test_means_are_of_what_can_be_seen() -> None:
    here = course([1.0] * 12, [False] * 12)
    gone = course([1.0] * 4 + [0.0] * 8, [False] * 6 + [True] * 6)
    scores = score_following([here, gone])
    assert scores["after"]["1"] == pytest.approx(
        {"iou": 0.9, "tenth": 0.9, "held": 0.3, "objects": 2}
    )
    assert scores["after"]["10"]["objects"] == 1
    assert "20" not in scores["after"]
    assert (scores["gone"], scores["noticed"]) == (1, 1.0)
    assert scores["given_up_though_seen"] == 0
    assert scores["ms_mean"] == 2.0


def test_what_is_noticed_late_is_not_noticed() -> None:
    late = course([1.0] * 2 + [0.0] * 10, [False] * 9 + [True] * 3)
    hidden_for_a_moment = course([1.0] * 2 + [0.0] * 3 + [1.0] * 7, [False] * 12)
    scores = score_following([late, hidden_for_a_moment])
    assert (scores["gone"], scores["noticed"]) == (1, 0.0)


def test_giving_up_too_early_counts() -> None:
    assert score_following([course([1.0] * 11, [False] + [True] * 10)])["given_up_though_seen"] == 1


def test_no_object_is_an_error() -> None:
    with pytest.raises(ValueError, match="no object to follow"):
        score_following([])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores" / "following.json"
    arguments = ["follow", "--events", "none", "--sequences", "1", "--frames", "6", "--json"]
    assert main([*arguments, str(out)]) == 0
    report = json.loads(out.read_text())
    assert report["speed"] == 1.8
    assert report["scores"]["none"]["after"]["5"]["iou"] > 0.85
    assert "IoU after 5" in capsys.readouterr().out
    assert main([*arguments[:-1], "--seed", "-2"]) == 2


def test_the_command_follows_by_sam2s_memory(tmp_path: Path) -> None:
    tiny_sam2_video().save_pretrained(tmp_path / "sam")
    out = tmp_path / "scores.json"
    options = ("--events", "none", "--sequences", "1", "--frames", "3", "--device", "cpu")
    assert main(["follow", *options, "--video", str(tmp_path), "--json", str(out)]) == 0
    scores = json.loads(out.read_text())["scores"]["none"]
    assert scores["objects"] > 0
    assert 0 <= scores["after"]["1"]["iou"] < 0.9  # weights that nobody has trained


def test_a_device_for_optical_flow_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["follow", "--sequences", "1", "--device", "cpu"]) == 2
    assert "--device is 'cpu', and optical flow runs on the CPU" in capsys.readouterr().err
