# SPDX-License-Identifier: Apache-2.0
"""`llmseg get`: where a profile goes, and where it cannot go."""

from __future__ import annotations

import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.hub_server import HubServer, left
from llmseg_core.cli.main import main
from llmseg_core.model_dir import get_profile as getting


def test_a_place_below_a_file_is_refused_before_the_hub_is_asked(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.status = 500  # what it would answer
    (tmp_path / "file").touch()
    assert main(["get", "cpu", "--out", str(tmp_path / "file" / "below")]) == 2
    assert f"{tmp_path / 'file'} is no folder: name another place" in capsys.readouterr().err


def test_a_disk_without_room(
    hub: HubServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = SimpleNamespace(free=200 * 2**20)
    monkeypatch.setattr(getting.shutil, "disk_usage", lambda _: usage)
    assert main(["get", "cpu"]) == 2
    said = capsys.readouterr()
    assert "0.2 GB free, into" in said.out
    assert f"{place} has no room: 0.0 GB are to be downloaded and 0.3 must be left" in said.err
    assert hub.loaded("model.safetensors") == []
    assert left(place) == []


def test_a_disk_that_fills_up(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit on the size of files stands for it; what arrived is kept."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60000, former[1]))
    try:
        assert main(["get", "cpu"]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert "File too large; what has arrived is kept: '" in capsys.readouterr().err
    assert not place.exists()
    hub.asked.clear()
    assert main(["get", "cpu"]) == 0
    assert {asked for _, _, asked in hub.asked if asked} == {"bytes=60000-"}


def test_a_folder_that_is_not_ours_stays(
    hub: HubServer, place: Path, model_folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = sorted(path.name for path in model_folder.rglob("*"))
    for folder in (model_folder, tmp_path):
        (tmp_path / "thesis.tex").write_text("years of work")
        assert main(["get", "cpu", "--out", str(folder)]) == 2
        assert (
            "is not empty and holds no sources.yaml: it is not replaced" in capsys.readouterr().err
        )
    assert sorted(path.name for path in model_folder.rglob("*")) == before
    assert main(["get", "cpu", "--out", str(tmp_path / "cpu")]) == 0
    assert f"--model {tmp_path / 'cpu'}" in capsys.readouterr().out
    assert main(["get", "two-stage", "--out", str(tmp_path / "cpu")]) == 2
    assert "holds the profile 'cpu', it is not replaced by 'two-stage'" in capsys.readouterr().err
