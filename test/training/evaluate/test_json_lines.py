# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

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
