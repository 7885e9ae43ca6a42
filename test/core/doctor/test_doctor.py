# SPDX-License-Identifier: Apache-2.0
"""`llmseg doctor`: machine and models, whole and damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from helpers.tiny_two_stage import save_segmenter
from llmseg_core.cli.main import main
from llmseg_core.doctor import checkup, machine, models
from llmseg_core.doctor.finding import Finding, State
from llmseg_core.doctor.models import check_models
from llmseg_core.model_dir.profiles import profile_folder
from llmseg_core.model_dir.sources import SourceFile, SourcePart, Sources, file_digest
from llmseg_core.runtime import gpu_memory


@pytest.fixture(autouse=True)
def _no_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ROS adds has tests of its own."""
    monkeypatch.setattr(checkup, "entry_points", lambda group: [])


def one(name: object, **options: bool) -> Finding:
    return next(iter(check_models([str(name)], **options)))


def test_the_page_and_its_exit_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor", "--model", "embedded"]) == 0
    said = capsys.readouterr().out
    assert f"PyTorch {torch.__version__}" in said
    assert "ok    model embedded: llm_seg, 0.01 GB in" in said
    assert said.endswith("nothing is wrong\n")
    assert main(["doctor", "--json", "--model", str(tmp_path / "no"), "--model", "grounding"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["wrong"] is True
    missing, profile = [each for each in record["findings"] if each["state"] == "wrong"]
    assert missing["remedy"] == "llmseg get --list"
    assert profile["remedy"] == "llmseg get grounding"
    assert main(["doctor", "--seconds", "0"]) == 2
    assert "--seconds is 0.0, it must be above 0" in capsys.readouterr().err
    assert main(["doctor", "--model", "embedded", "--topic", "/a"]) == 1
    assert "that knows ROS is not installed" in capsys.readouterr().out


def test_a_folder_of_somebody_else_is_to_be_moved_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = profile_folder("grounding")
    folder.mkdir(parents=True)
    assert [each.remedy for each in check_models(["grounding"])] == ["llmseg get grounding"]
    (folder / "notes.txt").touch()
    (said,) = check_models(["grounding"])
    assert said.remedy == f"llmseg get grounding, after moving {folder} away"


def cut(folder: Path) -> None:
    file = folder / "sam" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def no_header(folder: Path) -> None:
    (folder / "selector.safetensors").write_bytes(b"<html>404</html>")


def no_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "sam" / "model.safetensors.index.json").write_text(json.dumps(index))


def wrong_setting(folder: Path) -> None:
    (folder / "llmseg.yaml").write_text("method: nonsense")


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (cut, r"sam/model.safetensors has "),
        (no_header, "selector.safetensors is no safetensors file"),
        (no_shard, "sam/model-00002-of-00002.safetensors is missing"),
        (wrong_setting, "method is 'nonsense'"),
        (lambda folder: shutil.rmtree(folder / "sam"), "is no whole model directory"),
        (lambda folder: (folder / "llava" / "config.json").unlink(), "it has no config.json"),
    ],
)
def test_damaged_directories(
    model_folder: Path, tmp_path: Path, damage: Callable[[Path], object], text: str
) -> None:
    folder = Path(shutil.copytree(model_folder, tmp_path / "model"))
    assert one(folder).state is State.GOOD
    damage(folder)
    said = one(folder)
    assert said.state is State.WRONG
    assert text in said.text
    assert said.remedy


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The parts of `paper`, as `llmseg get` leaves them; one of them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = profile_folder("paper")
    save_segmenter(folder / "sam", "sam")
    files = {
        path.name: SourceFile(path.stat().st_size, file_digest(path, "0" * 64))
        for path in (folder / "sam").iterdir()
    }
    Sources("paper", {"sam": SourcePart("a/b", "1" * 40, "mit", files)}).write(folder)
    return folder


def test_downloaded_directories(profile: Path) -> None:
    assert one("paper", digests=True).state is State.NOTE
    file = profile / "sam" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert one("paper").state is State.NOTE
    said = one("paper", digests=True)
    assert said.text == "not whole: sam/model.safetensors has not the hub's digest"
    assert said.remedy == "llmseg get paper --update"
    file.unlink()
    assert one("paper").text == "not whole: sam/model.safetensors is missing"


def test_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Memory against the profile; a GPU that this PyTorch cannot use."""
    monkeypatch.setattr(machine, "GPU_FILES", (tmp_path,))
    (said,) = [each for each in machine.check_machine() if each.subject == "GPU"]
    assert said.state is State.WARNING
    assert said.text == "there is one, and this PyTorch is built for CPUs only"
    assert said.remedy.startswith("pip install --force-reinstall torch==")
    small = gpu_memory.GpuMemory("Small GPU", 3 * 2**30, 8 * 2**30)
    monkeypatch.setattr("llmseg_core.runtime.gpu_memory.gpu_memories", lambda: [small])
    (said,) = [each for each in machine.check_machine() if each.subject == "GPU"]
    assert (said.state, said.text) == (State.GOOD, "Small GPU, 3.0 of 8.0 GB free")


@pytest.mark.parametrize(
    ("free_gb", "text", "remedy"),
    [
        ([], "on a CPU an answer takes minutes", "llmseg get cpu"),
        ([3, 8], "needs about 13 GB (estimated), 8.0 GB are free", "llmseg get grounding-small  ("),
        ([14], "", ""),
    ],
)
def test_memory_against_the_profile(
    monkeypatch: pytest.MonkeyPatch, free_gb: list[int], text: str, remedy: str
) -> None:
    gpus = [gpu_memory.GpuMemory("GPU", free * 2**30, 24 * 2**30) for free in free_gb]
    monkeypatch.setattr(models, "gpu_memories", lambda: gpus)
    monkeypatch.setattr(models, "_model", lambda name, digests: Finding(name, State.GOOD, "whole"))
    said = list(check_models(["grounding"]))[1:]
    assert [each.state for each in said] == ([State.WARNING] if text else [])
    assert all(text in each.text and each.remedy.startswith(remedy) for each in said)


def test_downloads_that_were_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list(models.interrupted_downloads()) == []
    blobs = profile_folder("cpu").with_name(".cpu-download") / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "0123.partial").write_bytes(b"x" * 20_000_000)
    (said,) = models.interrupted_downloads()
    assert said.text == "0.02 GB of cpu are kept of a download that was interrupted"
    assert said.remedy.startswith("llmseg get cpu ")


def test_packages_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        if name == "transformers":
            raise RuntimeError("operator torchvision::nms does not exist")
        if name == "peft":
            raise ModuleNotFoundError("No module named 'peft'", name="peft")

    monkeypatch.setattr(machine, "import_module", broken)
    said = {each.subject: each.text for each in machine.check_machine()}
    wanted = "transformers cannot be imported: operator torchvision::nms does not exist"
    assert said["transformers"] == wanted
    assert said["peft"] == "peft is not installed"


def test_a_check_of_another_package_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("odd", "json:loads", "llmseg.checks")
    monkeypatch.setattr(checkup, "entry_points", lambda group: [point])
    said = list(checkup.all_findings(checkup.Question(models=["embedded"])))[-1]
    assert (said.subject, said.state) == ("odd", State.WRONG)
    assert "TypeError: the JSON object must be" in said.text
