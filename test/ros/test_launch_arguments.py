# SPDX-License-Identifier: Apache-2.0
"""What the launch files make of their arguments, without the packages of launch."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmseg_ros.launch_arguments import beside, camera_topics, flag, number, parameter_file

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "1", "yes", "on", " true "])
def test_yes(text: str) -> None:
    assert flag("rviz", text) is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off"])
def test_no(text: str) -> None:
    assert flag("rviz", text) is False


@pytest.mark.parametrize("text", ["", "maybe", "2", "truee"])
def test_neither(text: str) -> None:
    with pytest.raises(ValueError, match=f"respawn is '{text}', it must be true or false"):
        flag("respawn", text)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("image", "camera_info"),
        ("/image", "/camera_info"),
        ("eye/image", "eye/camera_info"),
        ("/robot/eye/image_raw", "/robot/eye/camera_info"),
    ],
)
def test_the_topic_beside_another(topic: str, expected: str) -> None:
    assert beside(topic, "camera_info") == expected


@pytest.mark.parametrize(
    ("text", "cameras"),
    [
        ("", {}),
        ("front", {"front": ""}),
        ("front, wrist", {"front": "", "wrist": ""}),
        ("front=/front/image_raw,wrist=hand/image,", {
            "front": "/front/image_raw", "wrist": "hand/image",
        }),
    ],
)  # fmt: skip
def test_cameras_with_their_topics(text: str, cameras: dict[str, str]) -> None:
    assert camera_topics(text) == cameras


@pytest.mark.parametrize("text", ["=a", "a,a", "a=", "a=/b,a=/c"])
def test_cameras_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(ValueError, match=f"cameras is '{text}'"):
        camera_topics(text)


def test_numbers() -> None:
    assert number("max_rate_hz", " 2 ") == 2.0
    with pytest.raises(ValueError, match="max_rate_hz is 'two', it must be a number"):
        number("max_rate_hz", "two")


@pytest.mark.parametrize("name", sorted(path.name for path in CONFIG.glob("*.yaml")))
def test_a_bare_name_is_one_of_the_files_that_come_along(name: str) -> None:
    for given in (name, name.removesuffix(".yaml")):
        assert parameter_file(given, CONFIG, "llmseg") == str(CONFIG / name)


@pytest.mark.parametrize(
    "content",
    [
        "/**: {ros__parameters: {threads: 2}}",
        "llmseg: {ros__parameters: {threads: 2}}",
        "/robot/llmseg: {ros__parameters: {threads: 2}}",
        "robot: {llmseg: {ros__parameters: {threads: 2}}}",
        "/*: {ros__parameters: {threads: 2}}",
    ],
)
def test_a_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    (tmp_path / "mine.yaml").write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("mine.yaml", "./mine.yaml", str(tmp_path / "mine.yaml"), "~/mine.yaml"):
        assert Path(parameter_file(given, CONFIG, "llmseg")).samefile(tmp_path / "mine.yaml")


def test_a_bare_name_is_first_looked_for_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "llmseg.yaml").write_text("/**: {ros__parameters: {threads: 2}}")
    monkeypatch.chdir(tmp_path)
    assert parameter_file("llmseg.yaml", CONFIG, "llmseg") == str(CONFIG / "llmseg.yaml")
    given = parameter_file("./llmseg.yaml", CONFIG, "llmseg")
    assert Path(given).samefile(tmp_path / "llmseg.yaml")


@pytest.mark.parametrize("given", ["", "nowhere", "nowhere.yaml", "/nowhere/mine.yaml", "."])
def test_a_file_that_is_not_there(given: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"one of camera\.yaml, .*llmseg\.yaml") as error:
        parameter_file(given, CONFIG, "llmseg")
    assert repr(given) in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"/**: [unclosed\n", "expected ',' or ']'"),
        (b"\xff\xfe\x00", "decode"),
        (b"", "has no parameters"),
        (b"model: embedded\n", "has no parameters: expected /.*ros__parameters"),
        (b"llmseg_node: {ros__parameters: {}}", "for llmseg_node, and none for the node llmseg"),
        (b"/a/b: {ros__parameters: {}}", "parameters for /a/b, and none for the node llmseg"),
    ],
)
def test_a_file_without_effect(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=reason) as error:
        parameter_file(str(tmp_path / "bad.yaml"), CONFIG, "llmseg")
    assert str(tmp_path / "bad.yaml") in str(error.value)
    assert "\n" not in str(error.value)
