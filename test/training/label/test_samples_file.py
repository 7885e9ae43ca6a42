# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_training.label import samples_file
from llmseg_training.label.samples_file import ChangedMeanwhileError, SamplesFile

FIRST = (
    b'{"name": "a",  "image": "images/a.png", "by": "Ann", '
    b'"questions": [{"text": "the cup", "mask": [], "sure": 0.5}]}'
)
OTHERS = [b'{"image": "images/b.png", "questions": []}', b"{ torn", b"", b'\xef\xbb\xbf{"x": 1}']


def adding(*texts: str) -> Callable[[Any], Any]:
    return lambda before: [*before, *({"text": text, "mask": []} for text in texts)]


@pytest.fixture
def file(tmp_path: Path) -> SamplesFile:
    (tmp_path / "samples.jsonl").write_bytes(b"\n".join([FIRST, *OTHERS]))  # no newline at the end
    return SamplesFile(tmp_path)


def lines(file: SamplesFile) -> list[bytes]:
    return file.path.read_bytes().splitlines()


def test_one_line_changes_and_all_others_stay_to_the_byte(file: SamplesFile) -> None:
    before = file.read()
    assert list(before.samples) == ["a", "b"]
    assert [number for number, _ in before.damaged] == [3, 5]
    changed = file.change("a", "images/a.png", before.samples["a"].version, adding("the mug"))
    assert lines(file)[1:] == OTHERS
    record = json.loads(lines(file)[0])
    assert record["by"] == "Ann"
    assert record["questions"] == [
        {"text": "the cup", "mask": [], "sure": 0.5},
        {"text": "the mug", "mask": []},
    ]
    assert changed == file.read().samples["a"]
    assert changed.version != before.samples["a"].version


def test_a_new_image_gets_a_line_at_the_end_and_loses_it_with_its_last_question(
    file: SamplesFile,
) -> None:
    before = file.path.read_bytes()
    new = file.change("c/d", "images/c/d.png", "", adding("Wäsche 洗"))
    assert lines(file)[-1].decode() == (
        '{"name": "c/d", "image": "images/c/d.png", "questions": '
        '[{"text": "Wäsche 洗", "mask": []}]}'
    )
    assert new is not None
    assert file.change("c/d", "images/c/d.png", new.version, lambda _: []) is None
    assert file.path.read_bytes() == before + b"\n"


def test_what_is_not_ours_is_kept_with_no_question_left(file: SamplesFile) -> None:
    version = file.read().samples["a"].version
    file.change("a", "images/a.png", version, lambda _: [])
    assert json.loads(lines(file)[0]) == {
        "name": "a", "image": "images/a.png", "by": "Ann", "questions": [],
    }  # fmt: skip


def test_a_change_of_somebody_else_is_never_written_over(file: SamplesFile) -> None:
    version = file.read().samples["a"].version
    other = SamplesFile(file.folder)
    other.change("a", "images/a.png", version, adding("theirs"))
    before = file.path.read_bytes()
    with pytest.raises(ChangedMeanwhileError, match="a was changed by somebody else"):
        file.change("a", "images/a.png", version, adding("ours"))
    with pytest.raises(ChangedMeanwhileError):
        file.change("c", "images/c.png", version, adding("ours"))  # has no line
    assert file.path.read_bytes() == before
    assert len(file.read().samples["a"].questions) == 2


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(number: int) -> None:
        own = SamplesFile(tmp_path)
        own.change(f"image_{number}", f"images/image_{number}.png", "", adding(f"thing {number}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    assert set(SamplesFile(tmp_path).read().samples) == {f"image_{n}" for n in range(40)}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "samples.jsonl"]


def test_a_folder_that_is_being_written_is_named(
    file: SamplesFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_file, "WRITTEN_S", 0.1)
    with locked(file.folder), pytest.raises(FolderInUseError, match="is being written by process"):
        file.change("c", "images/c.png", "", adding("x"))


@pytest.mark.parametrize("line", [
    b"[]", b"5", b'{"image": 5, "questions": []}', b'{"questions": []}',
    b'{"image": "a.png"}', b'{"image": "a.png", "questions": {}}',
    b'{"image": "a.png", "questions": [5]}', b'{"image": "a.png", "name": "..", "questions": []}',
    b'{"image": "/a.png", "name": "/a", "questions": []}', b"[" * 100_000, b"\xff",
    b'{"name": "a", "image": "images/a.png", "questions": []}',
])  # fmt: skip
def test_a_line_that_cannot_be_read_is_told_and_kept(tmp_path: Path, line: bytes) -> None:
    file = SamplesFile(tmp_path)
    file.path.write_bytes(FIRST + b"\r\n" + line + b"\n")
    found = file.read()
    assert list(found.samples) == ["a"]
    assert [number for number, _ in found.damaged] == [2]
    file.change("b", "b.png", "", adding("x"))
    assert file.path.read_bytes().startswith(FIRST + b"\r\n" + line + b"\n")


def test_what_cannot_be_written_leaves_the_file_as_it_was(file: SamplesFile) -> None:
    before = file.path.read_bytes()
    for edit in (adding("half a letter \ud800"), lambda _: [{"text": float("nan")}]):
        with pytest.raises(ValueError):
            file.change("c", "images/c.png", "", edit)
    with pytest.raises(ValueError, match="relative path"):
        file.change("../c", "images/c.png", "", adding("x"))
    assert file.path.read_bytes() == before
