# SPDX-License-Identifier: Apache-2.0
"""Scores of places, and the places themselves on a few rendered scenes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from llmseg_core.cli.main import main
from llmseg_core.geometry.oriented_box import OrientedBox
from llmseg_training.evaluate.places import PlacedObject, box_iou, loosened, score_places


def box(centre: tuple[float, float, float], turn: float = 0.0) -> OrientedBox:
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    axes = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return OrientedBox(np.array(centre), np.array([0.2, 0.2, 0.1]), axes)


@pytest.mark.parametrize(
    ("other", "iou"),
    [
        (box((0, 0, 1)), 1.0),
        (box((0.1, 0, 1)), 1 / 3),
        (box((0, 0, 1.2)), 0.0),
        (box((0, 0, 1), 90), 1.0),
        (box((0, 0, 1), 45), 0.7071),  # the octagon within a square has 0.8284 of its area
    ],
)
def test_overlap_of_boxes(other: OrientedBox, iou: float) -> None:
    assert box_iou(box((0, 0, 1)), other) == pytest.approx(iou, abs=0.02)


def test_shares_are_of_all_objects() -> None:
    found = PlacedObject(0.004, 0.015, 0.8, True, 2.0)
    far = PlacedObject(0.05, 0.05, 0.2, True, 4.0)
    scores = score_places([found, far, PlacedObject(None, np.inf, 0.0, False, 3.0)])
    assert scores["without"] == 1
    assert scores["within"] == pytest.approx({"1": 1 / 3, "2": 1 / 3})
    assert scores["centre_within"] == pytest.approx({"1": 0, "2": 1 / 3})
    assert scores["box_iou"] == pytest.approx(1 / 3)
    assert scores["ms_mean"] == 3.0
    with pytest.raises(ValueError, match="no object to place"):
        score_places([])


def test_loose_masks_are_larger_and_have_no_holes() -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:40, 20:40] = True
    mask[28:32, 28:32] = False
    assert loosened(mask).sum() == 26 * 26


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores" / "places.json"
    assert main(["locate", "--scenes", "3", "--seed", "300", "--json", str(out)]) == 0
    scores = json.loads(out.read_text())["scores"]
    for name in ("exact", "exact-loose", "stereo", "stereo-loose"):
        assert scores[name]["objects"] > 10
        assert scores[name]["box_iou"] > 0.55
        assert scores[name]["within"]["2"] > 0.85
    assert scores["exact"]["within"]["1"] > 0.85
    assert "box IoU" in capsys.readouterr().out
    assert main(["locate", "--scenes", "0"]) == 2
    assert "--scenes is 0" in capsys.readouterr().err
