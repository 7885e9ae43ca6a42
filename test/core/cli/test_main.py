# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import run_unread
from helpers.tiny_two_stage import save_tiny_two_stage
from llmseg_core.cli.main import main
from llmseg_core.images.image_files import read_image, write_image


@pytest.fixture
def pictures(image: np.ndarray, tmp_path: Path) -> Path:
    """A folder of two images."""
    for name, picture in (("first.png", image), ("second.png", 255 - image)):
        write_image(tmp_path / "pictures" / name, picture)
    return tmp_path / "pictures"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_as_a_process(model_folder: Path, pictures: Path, tmp_path: Path) -> None:
    """One image is answered, one is damaged: a line each, and no traceback."""
    (pictures / "second.png").write_text("no image")
    command = [sys.executable, "-m", "llmseg_core.cli", "segment", pictures, "the cup"]
    options = ["--model", model_folder, "--out", tmp_path / "out", "--rule", "top_iou"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=240)
    assert done.returncode == 2
    assert done.stdout.startswith(f"{pictures / 'first.png'}  'the cup': box [")
    assert done.stdout.count("\n") == 1
    assert done.stderr.startswith(f"llmseg segment: {pictures / 'second.png'} is no image")
    assert done.stderr.count("\n") == 1
    assert read_image(tmp_path / "out" / "first_the-cup.png").shape == (48, 64, 3)


def test_json_that_nobody_reads(model_folder: Path, pictures: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "llmseg_core.cli",
        "segment",
        pictures / "first.png",
        "the cup",
    ]
    code, error = run_unread(*command, "--model", model_folder, "--json")
    line = "llmseg segment: stopped, because its output is not read any more"
    assert (code, error) == (141, f"{line}\n")


def test_folder_and_several_instructions_as_json(
    model_folder: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        "segment", pictures, "--model", model_folder, "the cup", "--instruction", "the tool?",
        "--out", tmp_path / "out", "--masks", tmp_path / "out" / "masks", "--json",
        "--rule", "top_iou",
    )  # fmt: skip
    assert code == 0
    records = json.loads(capsys.readouterr().out)
    assert [(Path(record["image"]).name, record["instruction"]) for record in records] == [
        ("first.png", "the cup"), ("first.png", "the tool?"),
        ("second.png", "the cup"), ("second.png", "the tool?"),
    ]  # fmt: skip
    for record in records:
        assert record["found"]
        assert record["reason"] == ""
        assert record["image_size"] == [48, 64]
        (chosen,) = [each for each in record["proposals"] if each["selected"]]
        assert chosen["iop"] == pytest.approx(record["confidence"], abs=1e-4)
        mask = read_image(Path(record["mask"]))[..., 0]
        assert set(np.unique(mask)) <= {0, 255}
        assert np.count_nonzero(mask) == record["area"] == chosen["area"]
    assert sorted(file.name for file in (tmp_path / "out").glob("*.png")) == [
        "first_the-cup.png", "first_the-tool.png", "second_the-cup.png", "second_the-tool.png",
    ]  # fmt: skip


def test_other_methods(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny_two_stage(tmp_path)
    settings = "method: two_stage\nlocator: detector\nscore_threshold: 0.0\n"
    (tmp_path / "llmseg.yaml").write_text(settings)
    assert run("segment", pictures, "find the cup", "--model", tmp_path, "--json") == 0
    (record, *_) = json.loads(capsys.readouterr().out)
    assert (record["method"], record["phrase"]) == ("two_stage", "the cup")
    assert record["found"]
    assert record["proposals"]
    for each in record["proposals"]:
        assert (each["iop"], each["iou_score"]) == (None, None)
        assert 0 <= each["score"] <= 1
    unsure = ("--min-confidence", "1", "--json")
    assert run("segment", pictures, "find the cup", "--model", tmp_path, *unsure) == 0
    assert "is below 1" in json.loads(capsys.readouterr().out)[0]["reason"]
    assert run("segment", pictures, "the cup", "--model", tmp_path, "--rule", "iop") == 2
    said = capsys.readouterr().err
    assert "--rule does nothing: " in said
    assert "the method two_stage, of which min_confidence can be set" in said


def test_nothing_found_is_said(
    model_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("segment", pictures, "cup", "--model", model_folder, "--min-confidence", 1)
    assert run(*asked) == 0
    assert (
        len(re.findall(r"nothing found \(confidence 0\.\d\d is below 1\)", capsys.readouterr().out))
        == 2
    )
    assert run(*asked, "--json") == 0
    for record in json.loads(capsys.readouterr().out):
        assert record["presence"] is None
        assert record["reason"] == f"confidence {record['confidence']:.2f} is below 1"


def test_damaged_image_does_not_stop_the_others(
    model_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "bad.png").write_text("no image")
    assert run("segment", pictures, "the cup", "--model", model_folder) == 2
    output = capsys.readouterr()
    assert "bad.png is no image that can be read" in output.err
    assert output.out.count("the cup") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["the cup", "gone.png"], "the cup does not exist"),
        (["the cup", "--model", "nowhere"], "model directory nowhere does not exist"),
        ([" "], "an instruction is empty"),
        (["the cup", "--instruction", ""], "an instruction is empty"),
        (["the cup", "--device", "cuda:99"], "device is 'cuda:99', but PyTorch"),
        (["the cup", "--dtype", "int8"], "dtype is 'int8', it must be"),
        (["the cup", "--iop-threshold", "2"], "iop_threshold is 2.0, it must be in [0, 1]"),
        (["the cup", "--out", "one.png"], "2 pictures do not fit into the file one.png"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    model_folder: Path,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = [] if "--model" in arguments else ["--model", model_folder]
    assert run("segment", pictures, *arguments, *model) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_overview_and_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert "segment " in capsys.readouterr().out
    assert run("paint") == 2
    assert "'paint' is no command" in capsys.readouterr().err


def test_missing_instruction(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("segment", pictures)
    assert "INSTRUCTION" in capsys.readouterr().err


def test_the_overview_that_nobody_reads() -> None:
    code, error = run_unread(sys.executable, "-m", "llmseg_core.cli", "--help")
    assert (code, error) == (141, "llmseg: stopped, because its output is not read any more\n")


PLUGIN = """
from llmseg_core.cli.command import Command
COUNT = Command(
    'Count words.',
    lambda parser: parser.add_argument('words', nargs='*'),
    lambda options: print(len(options.words)) or 0,
)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The module of another package that is installed and adds the command `count`."""
    info = tmp_path / "some_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[llmseg.commands]\ncount = some_plugin:COUNT\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_plugin", raising=False)
    return tmp_path / "some_plugin.py"


def test_other_packages_add_commands(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin.write_text(PLUGIN)
    assert run("count", "a", "b") == 0
    assert capsys.readouterr().out == "2\n"
    assert run("--help") == 0
    assert "Count words." in capsys.readouterr().out


@pytest.mark.parametrize(
    "source",
    [
        "import a_package_that_is_missing\n",
        PLUGIN.replace("or 0,", "or 0, needs=('json', 'a_package_that_is_missing'),"),
        PLUGIN.replace("print(len(options.words)) or 0", "__import__('a_package_that_is_missing')"),
    ],
    ids=["its module", "its needs", "its work"],
)
def test_a_command_whose_packages_are_not_installed(
    source: str, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin.write_text(source)
    assert run("count", "a", "b") == 2
    said = capsys.readouterr()
    assert "llmseg count: needs a_package_that_is_missing: pip install -r " in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert run("--help") == 0
    known_before = "__import__" not in source
    hint = "count        (needs a_package_that_is_missing: pip install -r requirements-training.txt"
    assert (hint in capsys.readouterr().out) == known_before


@pytest.mark.parametrize(
    ("option", "name"), [("--masks", "m.npy"), ("--masks", "m.jpg"), ("--out", "o.npy")]
)
def test_a_result_is_not_written_in_a_format_that_spoils_it(
    option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "a.png"
    write_image(image, np.zeros((8, 8, 3), np.uint8))
    assert main(["segment", str(image), "a cup", option, str(tmp_path / name)]) == 2
    assert f"{name} must be a file with one of the suffixes .png, " in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_why_nothing_was_found_is_said_of_unfamiliar_images_too(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("segment", pictures, "the cup", "--model", "embedded", "--device", "cpu")
    assert run(*asked) == 0
    output = capsys.readouterr()
    assert output.err.count(": unfamiliar image: ") == 2
    assert output.out.count("'the cup': nothing found, confidence 0.00") == 2
    assert run(*asked, "--accept-unfamiliar", "--min-presence", 1) == 0
    said = capsys.readouterr().out
    assert said.count("'the cup': nothing found (the chance that anything fits, 0.") == 2
