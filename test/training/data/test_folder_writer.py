# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data_files import box_mask, picture, write_picture
from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_training.data import (
    BrokenPolicy,
    BrokenSampleError,
    DataQuestion,
    DataSample,
    FolderData,
    QuestionKind,
    broken_report,
    encode_mask,
    write_folder,
)


class Samples(list):
    """A data set without files, all of it in memory."""

    name = "memory"

    def sample_name(self, index: int) -> str:
        return self[index].name

    def image(self, index: int) -> np.ndarray:
        return self[index].image


QUESTIONS = (
    DataQuestion("a mug", QuestionKind.PHRASE, box_mask(1, 2, 9, 9), category="mug"),
    DataQuestion("nothing?", QuestionKind.CATEGORY, box_mask(0, 0, 0, 0), box_mask(5, 5, 6, 6)),
)
SAMPLES = Samples(DataSample(f"room/{i}", picture(i), QUESTIONS) for i in range(3))


def assert_same(one: DataSample, other: DataSample) -> None:
    assert one.name == other.name
    assert np.array_equal(one.image, other.image)
    assert len(one.questions) == len(other.questions)
    for mine, its in zip(one.questions, other.questions, strict=True):
        assert (mine.text, mine.kind, mine.category) == (its.text, its.kind, its.category)
        assert np.array_equal(mine.mask, its.mask)
        assert (mine.ignore is None) == (its.ignore is None)
        assert mine.ignore is None or np.array_equal(mine.ignore, its.ignore)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_folder(SAMPLES, tmp_path / "out")
    data = FolderData(tmp_path / "out")
    assert len(data) == 3
    for mine, its in zip(SAMPLES, data, strict=True):
        assert_same(mine, its)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [".lock", "images", "samples.jsonl"]


def test_image_files_are_copied(tmp_path: Path) -> None:
    write_picture(tmp_path / "in/images/a.jpg")
    plain = {"text": "a mug", "mask": encode_mask(box_mask(1, 2, 3, 4))}
    line = {"image": "images/a.jpg", "questions": [plain]}
    (tmp_path / "in/samples.jsonl").write_text(json.dumps(line))
    write_folder(FolderData(tmp_path / "in"), tmp_path / "out")
    copied = tmp_path / "out/images/a.jpg"
    assert copied.read_bytes() == (tmp_path / "in/images/a.jpg").read_bytes()
    assert_same(FolderData(tmp_path / "out")[0], FolderData(tmp_path / "in")[0])


class Interrupted(Samples):
    def __getitem__(self, index: int) -> DataSample:
        if index == 2:
            raise KeyboardInterrupt
        return super().__getitem__(index)

    def sample_name(self, index: int) -> str:
        return SAMPLES.sample_name(index)


def test_an_interrupted_export_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_folder(Interrupted(SAMPLES), tmp_path)
    assert not (tmp_path / "samples.jsonl").exists()
    partial = tmp_path / "samples.jsonl.part"
    assert len(partial.read_text().splitlines()) == 2
    with partial.open("a") as file:
        file.write('{"name": "cut sho')
    first = tmp_path / "images/room/0.png"
    Image.fromarray(picture(9)).save(first)
    kept = first.read_bytes()
    write_folder(SAMPLES, tmp_path)
    assert first.read_bytes() == kept
    assert [sample.name for sample in FolderData(tmp_path)] == ["room/0", "room/1", "room/2"]
    assert_same(FolderData(tmp_path)[2], SAMPLES[2])


def test_a_finished_export_is_left_alone(tmp_path: Path) -> None:
    write_folder(SAMPLES, tmp_path)
    before = (tmp_path / "samples.jsonl").read_bytes()
    assert list(write_folder(SAMPLES, tmp_path)) == []
    assert (tmp_path / "samples.jsonl").read_bytes() == before


def test_a_folder_with_some_of_the_samples_is_completed(tmp_path: Path) -> None:
    write_folder(Samples(SAMPLES[:2]), tmp_path)
    index = tmp_path / "samples.jsonl"
    index.write_text(index.read_text().removesuffix("\n"))
    write_folder(SAMPLES, tmp_path)
    for mine, its in zip(SAMPLES, FolderData(tmp_path), strict=True):
        assert_same(mine, its)


def test_one_export_at_a_time_writes_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(FolderInUseError, match="is being written by process"):
        write_folder(SAMPLES, tmp_path)
    write_folder(SAMPLES, tmp_path)
    assert len(FolderData(tmp_path)) == 3


def test_a_folder_of_other_data_is_refused(tmp_path: Path) -> None:
    write_folder(SAMPLES, tmp_path)
    others = Samples([DataSample("other", picture(0), QUESTIONS)])
    with pytest.raises(ValueError, match="has the sample 'room/0', which memory has not"):
        write_folder(others, tmp_path)
    assert len(FolderData(tmp_path)) == 3


class OneBroken(Samples):
    def __getitem__(self, index: int) -> DataSample:
        if index == 1:
            raise BrokenSampleError(self.name, "room/1", "its image is missing")
        return super().__getitem__(index)

    def sample_name(self, index: int) -> str:
        return f"room/{index}"


def test_broken_samples_are_skipped_or_fatal(tmp_path: Path) -> None:
    data = OneBroken(SAMPLES)
    with pytest.raises(BrokenSampleError, match="'room/1': its image is missing"):
        write_folder(data, tmp_path / "fatal")
    read = write_folder(data, tmp_path / "skip", BrokenPolicy.SKIP)
    assert [sample.name for sample in FolderData(tmp_path / "skip")] == ["room/0", "room/2"]
    assert broken_report(data, read.broken) == (
        "memory: 1 of 3 samples are broken\n"
        "  1 x its image is missing\n    room/1: its image is missing"
    )
