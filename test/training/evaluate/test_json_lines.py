# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmseg_training.evaluate.json_lines import JsonLines

ABOUT = {"model": "tiny", "data": "small"}


def test_lines_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines.jsonl"
    lines = JsonLines(path, ABOUT)
    assert not path.exists()
    for name, value in (("a", 1), ("ü/b", 2)):
        lines.add(name, {"value": value})
    for each in (lines, JsonLines(path, ABOUT)):
        assert len(each) == 2
        assert each["ü/b"] == {"name": "ü/b", "value": 2}
        assert each["a"]["value"] == 1
        assert "c" not in each


@pytest.mark.parametrize("cut", [1, 5, 15])
def test_a_line_cut_short_is_written_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "lines.jsonl"
    lines = JsonLines(path, ABOUT)
    lines.add("a", {"value": 1})
    lines.add("b", {"value": 2})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    again = JsonLines(path, ABOUT)
    assert ("a" in again, "b" in again) == (True, False)
    again.add("b", {"value": 2})
    assert path.read_bytes() == whole


def test_a_first_line_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"model": "ti')
    lines = JsonLines(path, ABOUT)
    lines.add("a", {})
    assert "a" in JsonLines(path, ABOUT)


def test_two_that_add_at_once_keep_all_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    first, second = JsonLines(path, ABOUT), JsonLines(path, ABOUT)
    first.add("a", {"value": 1})
    second.add("b", {"value": 2})
    second.add("a", {"value": 3})  # the first was faster
    first.add("c", {"value": 4})
    for each in (first, JsonLines(path, ABOUT)):
        assert [each[name]["value"] for name in ("a", "b", "c")] == [1, 2, 4]
    assert second["a"]["value"] == 1
    assert len(path.read_text().splitlines()) == 4
    with pytest.raises(ValueError, match="belongs to model 'tiny'"):
        JsonLines(path, {**ABOUT, "data": "large"})


def add_many(path: Path, start: int) -> None:
    lines = JsonLines(path, ABOUT)
    for number in range(start, start + 60):
        lines.add(str(number), {"value": number, "more": "x" * 3000})


def test_those_that_add_at_the_same_time_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_many, (path, path), (0, 30)))
    lines = JsonLines(path, ABOUT)
    assert [lines[str(number)]["value"] for number in range(90)] == list(range(90))
    assert len(path.read_text().splitlines()) == 91


def test_a_file_that_was_removed_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    lines = JsonLines(path, ABOUT)
    lines.add("a", {"value": 1})
    path.unlink()
    lines.add("b", {"value": 2})
    for each in (lines, JsonLines(path, ABOUT)):
        assert ("a" in each, each["b"]["value"]) == (False, 2)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "lines.jsonl", ABOUT)
    with pytest.raises(ValueError, match="a cannot be written as JSON: Out of range float"):
        lines.add("a", {"value": [math.nan]})
    assert "a" not in lines
    assert not lines.path.exists()


def test_lines_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    JsonLines(path, ABOUT).add("a", {})
    with pytest.raises(ValueError, match="belongs to model 'tiny', data 'small', this is model"):
        JsonLines(path, {**ABOUT, "data": "large"})
    path.write_text("{}\nno json\n")
    with pytest.raises(ValueError, match="line 2 is no JSON"):
        JsonLines(path, {})
    path.write_text("{}\n[]\n")
    with pytest.raises(ValueError, match="must be an object"):
        JsonLines(path, {})
