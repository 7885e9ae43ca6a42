# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmseg_training.data.names import check_name, file_in, files_by_stem, fitting_path

CUPS = "杯" * 90


def test_what_fits_stays() -> None:
    assert fitting_path("val/image 7.x", 22) == "val/image 7.x"


def test_long_parts_are_cut_by_bytes_and_stay_apart() -> None:
    one, other = (fitting_path(f"a/{CUPS}{end}", 22) for end in "xy")
    assert one != other
    for path in (one, other):
        folder, part = path.split("/")
        assert folder == "a"
        assert len(part.encode()) <= 255 - 22
        assert part.startswith("杯" * 60)
    assert one == fitting_path(f"a/{CUPS}x", 22)


@pytest.mark.parametrize("name", ["a", "a/b.c", CUPS, "x" * 1024])
def test_names_that_a_sample_may_have(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../a", "relative path"),
        ("a\0b", "no byte 0"),
        ("cut \ud83d off", "text that UTF-8 can write"),
        ("x" * 1025, "1025 bytes, it must have at most 1024"),
        (7, "relative path"),
    ],
)
def test_names_that_it_may_not(name: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_name(name)


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.png", "a/../../b.png", "", None, "a\0"])
def test_files_lie_in_the_folder(name: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"in {tmp_path}"):
        file_in(tmp_path, name)
    assert file_in(tmp_path, "sub/a.png") == tmp_path / "sub/a.png"


def test_images_of_any_suffix_and_no_hidden_files(tmp_path: Path) -> None:
    for name in ("a.JPG", "b.png", "c.jpeg", "._a.JPG", ".DS_Store", "d.txt", "e.jpg", "e.png"):
        (tmp_path / name).touch()
    found = {stem: path.name for stem, path in files_by_stem(tmp_path).items()}
    assert found == {"a": "a.JPG", "b": "b.png", "c": "c.jpeg", "e": "e.png"}
