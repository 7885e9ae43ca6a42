# SPDX-License-Identifier: Apache-2.0
"""Predictions of any system: written, read, refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmseg_core.images.image_files import write_image
from llmseg_core.images.run_lengths import encode_mask
from llmseg_training.data import DataSample
from llmseg_training.data.folder import FolderData
from llmseg_training.evaluate import Prediction, SampleAnswers, evaluate, score_cases
from llmseg_training.evaluate.prediction_files import Missing, PredictionAnswers, open_predictions
from llmseg_training.evaluate.prediction_writer import PredictionFormat, WrittenAnswers


class Shifted:
    """Answers with the right mask, moved down by some pixels: never quite right."""

    def answer(self, sample: DataSample) -> SampleAnswers:
        masks = [
            np.roll(question.mask, 3 + row, 0) for row, question in enumerate(sample.questions)
        ]
        return SampleAnswers(tuple(Prediction(mask, 0.25, "too dark") for mask in masks))

    def finish(self) -> None:
        pass


def read(place: Path, data: FolderData, missing: Missing = Missing.ERROR) -> dict[str, float]:
    return score_cases(
        evaluate(data, PredictionAnswers(place, open_predictions(place), missing)).cases
    )


@pytest.fixture
def written(small_data: FolderData, tmp_path: Path) -> Callable[[PredictionFormat], Path]:
    """Writes the answers of `Shifted`."""

    def write(form: PredictionFormat) -> Path:
        place = tmp_path / ("masks" if form is PredictionFormat.PNG else "new/masks.jsonl")
        evaluate(small_data, WrittenAnswers(Shifted(), place, form))
        return place

    return write


@pytest.mark.parametrize("form", PredictionFormat)
def test_a_round_trip_keeps_the_scores(
    form: PredictionFormat, written: Callable[[PredictionFormat], Path], small_data: FolderData
) -> None:
    direct = evaluate(small_data, Shifted())
    place = written(form)
    again = evaluate(small_data, PredictionAnswers(place, open_predictions(place)))
    assert [case.counts for case in again.cases] == [case.counts for case in direct.cases]
    assert 0.3 < score_cases(again.cases)["giou"] < 0.9
    kept = {case.confidence for case in again.cases}
    assert kept == ({None} if form is PredictionFormat.PNG else {0.25})
    if form is PredictionFormat.PNG:
        assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*.png")) == [
            "a_0.png", "a_1.png", "a_2.png", "c_0.png", "c_1.png", "more/b_0.png", "more/b_1.png"
        ]  # fmt: skip
    else:
        assert [path.name for path in place.parent.iterdir()] == ["masks.jsonl"]


@pytest.mark.parametrize("inside", [1, 255])
def test_masks_of_another_system(inside: int, small_data: FolderData, tmp_path: Path) -> None:
    for sample in small_data:
        for index, question in enumerate(sample.questions):
            path = tmp_path / f"{sample.name}_{index}.png"
            write_image(path, question.mask.astype(np.uint8) * inside)
    (tmp_path / "readme.txt").write_text("ours")
    scores = read(tmp_path, small_data)
    assert scores["giou"] == scores["ciou"] == scores["no_target_accuracy"] == 1


def test_what_does_not_fit_is_counted(
    written: Callable[[PredictionFormat], Path], small_data: FolderData
) -> None:
    folder = written(PredictionFormat.PNG)
    (folder / "a_0.png").unlink()
    (folder / "more" / "b_1.png").rename(folder / "more" / "b_7.png")
    write_image(folder / "c_0.png", np.zeros((10, 20), dtype=np.uint8))
    (folder / "c_1.png").write_text("no image")
    write_image(folder / "a_1.png", np.zeros((48, 64, 3), dtype=np.uint8))
    with pytest.raises(ValueError) as caught:
        read(folder, small_data)
    message = str(caught.value)
    for part in (
        "2 are missing (a question 0; more/b question 1)",
        "1 have a wrong size (c question 0: [10, 20], the image is [48, 64] (H, W))",
        "2 cannot be used (a question 1: it has 3 channels, it must have one; c question 1:",
        "1 belong to no question (more/b question 7)",
    ):
        assert part in message


def test_missing_ones_can_mean_nothing(
    written: Callable[[PredictionFormat], Path], small_data: FolderData
) -> None:
    folder = written(PredictionFormat.PNG)
    for path in folder.rglob("*.png"):
        if path.name != "a_0.png":
            path.unlink()
    with pytest.raises(
        ValueError, match=r"6 are missing \(a question 1; a question 2; .*; \.\.\.\)"
    ):
        read(folder, small_data)
    scores = read(folder, small_data, Missing.EMPTY)
    assert scores["target_recall"] == pytest.approx(1 / 6)
    assert scores["no_target_accuracy"] == 1


def test_a_part_of_the_data_may_have_more_predictions(
    written: Callable[[PredictionFormat], Path], small_data: FolderData
) -> None:
    place = written(PredictionFormat.RLE)
    source = PredictionAnswers(place, open_predictions(place), extra_is_wrong=False)
    assert len(evaluate(small_data, source, [0]).cases) == 3
    whole = PredictionAnswers(place, open_predictions(place))
    with pytest.raises(ValueError, match="4 belong to no question"):
        evaluate(small_data, whole, [0])


def test_a_reason_is_kept_where_there_is_room_for_it(
    written: Callable[[PredictionFormat], Path], small_data: FolderData
) -> None:
    place = written(PredictionFormat.RLE)
    source = PredictionAnswers(place, open_predictions(place))
    assert {each.reason for each in source.answer(small_data[0]).predictions} == {"too dark"}


def test_predictions_that_are_no_numbers_are_not_written(
    small_data: FolderData, tmp_path: Path
) -> None:
    class Unsure(Shifted):
        def answer(self, sample: DataSample) -> SampleAnswers:
            given = super().answer(sample).predictions
            return SampleAnswers(tuple(replace(each, confidence=math.nan) for each in given))

    for form in PredictionFormat:
        with pytest.raises(ValueError, match="sample a, question 0: the confidence is nan"):
            evaluate(small_data, WrittenAnswers(Unsure(), tmp_path / "masks", form))
    assert not list(tmp_path.iterdir())


def test_two_that_write_at_once_do_not_mix(small_data: FolderData, tmp_path: Path) -> None:
    place = tmp_path / "masks.jsonl"
    first, second = (WrittenAnswers(Shifted(), place, PredictionFormat.RLE) for _ in range(2))
    for sample in small_data:
        first.answer(sample)
        second.answer(sample)
    for each in (first, second):
        each.finish()
        assert len(open_predictions(place).keys()) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["masks.jsonl"]


def line(**changes: Any) -> str:
    mask = np.zeros((48, 64), dtype=bool)
    return json.dumps({"sample": "a", "question": 0, "mask": encode_mask(mask), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no line"),
        ("no json", "line 1 is no JSON"),
        ("[]", '"sample" is None and "question" None'),
        (line(question="0"), "\"question\" '0', they must be a name and a whole number"),
        (f"{line()}\n{line()}", "line 2: a question 0 was there before"),
        (line(mask=encode_mask(np.zeros((9, 9), dtype=bool))), r"1 have a wrong size \(a quest"),
        (line(mask={"size": [48, 64], "counts": [5]}), "1 cannot be used .*covers 5 pixels"),
        (line(mask=None), "1 cannot be used .*None"),
        (line(confidence=3), '1 cannot be used .*"confidence" is 3, it must be in'),
        (line(confidence=math.nan), '1 cannot be used .*"confidence" is nan, it must be in'),
    ],
)
def test_damaged_lines_are_named(
    text: str, message: str, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "masks.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(path, small_data)


def test_places_without_predictions(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="do not exist"):
        open_predictions(tmp_path / "nowhere")
    write_image(tmp_path / "a.png", np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"has no file SAMPLE_QUESTION\.png"):
        open_predictions(tmp_path)
