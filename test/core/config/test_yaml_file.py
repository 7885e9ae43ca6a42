# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from llmseg_core.config.yaml_file import override, read_mapping, read_yaml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def test_plain_values(file: Path) -> None:
    file.write_text("a: 1\nb: [x, 2.5]\nc: {d: null}\n", encoding="utf-8")
    assert read_yaml(file) == {"a": 1, "b": ["x", 2.5], "c": {"d": None}}


@pytest.mark.parametrize("text", ["", "# only words\n", "---\n"])
def test_a_file_without_values(file: Path, text: str) -> None:
    file.write_text(text)
    assert read_yaml(file) is None


def test_a_mark_at_the_start_and_merged_keys_are_read(file: Path) -> None:
    text = "\ufeffbase: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n"
    file.write_text(text, encoding="utf-8")
    assert read_yaml(file)["other"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: [1", r"some\.yaml is no YAML: line 1, column 6: .*expected ',' or '\]'"),
        (b"a: 1\n b: 2", r"is no YAML: line 2, column 3: mapping values are not allowed here"),
        (b"\ta: 1", r"is no YAML: line 1, column 1: .*cannot start any token"),
        (b"a: 1\n---\na: 2", r"is no YAML: line 2, column 1: expected a single document"),
        (b"a: !!python/name:os.system x", r"is no YAML: line 1, column 4: could not determine"),
        (b"a: 1\nb: {c: 1, c: 2}", r"is no YAML: line 2, column 11: the key 'c' is there twice"),
        (b"a: 1\na: 1", r"is no YAML: line 2, column 1: the key 'a' is there twice"),
        (b"? [1]\n: 2", r"is no YAML: line 1, column 3: .*unhashable key"),
        (b"a: 2020-13-01", r"is no YAML: month must be in 1\.\.12"),
        (b"a: " + b"[" * 1000, "is no YAML: lists and mappings are nested too deeply"),
        (b"a: \x00", r"is no YAML: character 3 is U\+0000, which YAML does not allow"),
        (b"a: caf\xe9", r"some\.yaml is no text in UTF-8: byte 6 is 0xe9"),
        ("a: 1".encode("utf-16"), r"some\.yaml is no text in UTF-8: byte 0 is 0xff"),
    ],
)
def test_what_is_wrong_is_one_line(file: Path, data: bytes, message: str) -> None:
    file.write_bytes(data)
    with pytest.raises(ValueError, match=message) as raised:
        read_yaml(file)
    assert "\n" not in str(raised.value)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder, it must be a YAML file"):
        read_yaml(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"gone\.yaml does not exist"):
        read_yaml(tmp_path / "gone.yaml")


@pytest.mark.parametrize("text", ["", "- a", "a"])
def test_what_must_be_a_mapping(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match=r"some\.yaml is .*, it must be a mapping"):
        read_mapping(file)


def test_values_are_set_anew() -> None:
    values = {"a": 1, "b": {"c": {"d": 2}, "e": 3}, "f": None}
    settings = ["a=2.5", "b.c.d=[x, y]", "f.g=", "h={i: 1}", "a=5"]
    assert override(values, settings) == {
        "a": 5,
        "b": {"c": {"d": ["x", "y"]}, "e": 3},
        "f": {"g": None},
        "h": {"i": 1},
    }
    assert values == {"a": 1, "b": {"c": {"d": 2}, "e": 3}, "f": None}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("a", "'a' sets nothing, it must be such as steps=200"),
        ("=3", "'=3' sets nothing"),
        ("b.=3", "'b.=3' sets nothing"),
        (".b=3", "'.b=3' sets nothing"),
        ("a=[", r"'a=\[': '\[' is no YAML value: line 1, column 2: "),
        ("a={x: 1, x: 2}", "the key 'x' is there twice"),
        ("a.b=3", "'a.b=3' cannot be set: a is 1, no section"),
    ],
)
def test_a_setting_that_is_none(setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        override({"a": 1}, [setting])
    assert "\n" not in str(raised.value)
