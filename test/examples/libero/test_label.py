# SPDX-License-Identifier: Apache-2.0
"""A recording becomes data that the readers of the project take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from examples.libero.label import main
from examples.libero.record import main as record
from llmseg_core.images.image_files import write_image
from llmseg_training.data import open_data

SENTENCE = "pick up the alphabet soup and put it in the basket"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One scene: soup on the left, a basket on the right, butter that fell from the table."""
    folder = tmp_path / "recording"
    numbers = np.zeros((48, 64), dtype=np.uint8)
    numbers[10:30, 5:20] = 1
    numbers[10:40, 30:60] = 2
    things = {
        name: {"category": name[:-2], "number": number, "movable": True, "low": low, "high": high}
        for name, number, low, high in (
            ("alphabet_soup_1", 1, [0.0, -0.2, 0.9], [0.06, -0.14, 1.0]),
            ("basket_1", 2, [0.0, 0.0, 0.9], [0.2, 0.2, 1.1]),
            ("butter_1", 3, [0.5, 0.0, 0.0], [0.6, 0.1, 0.1]),
        )
    }
    record = {
        "task": "SOUP", "scene": "", "sentence": SENTENCE, "target": "alphabet_soup_1",
        "varied": False, "things": things, "cameras": {"scene": {}},
    }  # fmt: skip
    write_image(folder / "SOUP" / "0000_scene.png", np.zeros((48, 64, 3), dtype=np.uint8))
    write_image(folder / "SOUP" / "0000_scene_numbers.png", numbers)
    (folder / "SOUP" / "0000.json").write_text(json.dumps(record))
    return folder


@pytest.mark.parametrize("options", [[], ["--plain"]])
def test_labels_are_read_as_data(recording: Path, tmp_path: Path, options: list[str]) -> None:
    for _ in range(2):  # labelling again replaces what was there
        assert main([str(recording), str(tmp_path / "data"), *options]) == 0
    (sample,) = open_data(tmp_path / "data")
    assert sample.name == "SOUP/0000_scene"
    by_text = {question.text: question for question in sample.questions}
    assert by_text[SENTENCE].mask.sum() == 300
    assert by_text[SENTENCE].kind.value == "instruction"
    absent = [each for each in sample.questions if each.category == "absent"]
    assert len(absent) == 2
    assert not any(each.mask.any() for each in absent)
    assert not any("butter" in text for text in by_text)
    assert all(each.mask.any() for each in sample.questions if each.category != "absent")
    if options:
        assert by_text["the basket"].mask.sum() == 900


def test_labels_are_the_same_every_time(recording: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("one", "other"):
        main([str(recording), str(tmp_path / name)])
        texts.append((tmp_path / name / "samples.jsonl").read_text())
    assert texts[0] == texts[1]


def test_what_is_no_recording_is_told(
    tmp_path: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nothing"), str(tmp_path / "data")]) == 2
    assert "nothing has no recorded scene" in capsys.readouterr().err
    (recording / "SOUP" / "0000_scene_numbers.png").write_bytes(b"no picture")
    assert main([str(recording), str(tmp_path / "data")]) == 2
    assert "0000_scene_numbers.png is no PNG" in capsys.readouterr().err


def test_without_libero_the_recorder_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record([str(tmp_path)]) == 2
    assert "make libero" in capsys.readouterr().err
