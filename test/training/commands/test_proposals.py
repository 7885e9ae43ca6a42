# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.commands import run, run_in_two_processes
from helpers.folder_data import write_folder_data
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.data import BrokenSampleError, open_data
from llmseg_training.proposals.cache import CachedProposals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder_data(tmp_path / "data", images=3)


def test_every_image_gets_its_proposals_once(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "proposals"
    assert run(PROPOSALS, folder, "--model", model_folder, "--out", out) == 0
    assert capsys.readouterr().out == f"3 new files in {out}\n"
    cached = CachedProposals(out, load_config(model_folder).proposals)
    data = open_data(folder)
    assert [len(cached(data.image(index))) for index in range(3)] == [5, 5, 5]
    assert run(PROPOSALS, folder, "--model", model_folder, "--out", out) == 0
    assert capsys.readouterr().out == f"0 new files in {out}\n"
    with pytest.raises(ValueError, match="points_per_side 3, not 2"):
        run(PROPOSALS, folder, "--model", model_folder, "--out", out, "--points-per-side", 2)


def test_a_broken_image_is_fatal_or_named(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "images" / "picture_1.png").write_bytes(b"torn")
    arguments = (folder, "--model", model_folder, "--out", tmp_path / "proposals")
    with pytest.raises(BrokenSampleError, match="picture_1"):
        run(PROPOSALS, *arguments)
    assert run(PROPOSALS, *arguments, "--broken", "skip") == 0
    said = capsys.readouterr()
    assert "1 of 3 samples are broken" in said.err
    assert "picture_1" in said.err


@pytest.mark.slow
def test_processes_share_the_work(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "proposals"
    arguments = (folder, "--model", model_folder, "--out", out, "--device", "cpu")
    command = "llmseg_training.commands.proposals:PROPOSALS"
    done = run_in_two_processes(tmp_path, command, *arguments)
    assert done.returncode == 0, done.stderr
    for said in (f"process 0 of 2: 2 new files in {out}", f"process 1 of 2: 1 new files in {out}"):
        assert said in done.stdout
    assert len(CachedProposals(out)) == 3


def test_pictures_of_the_helper_differ(folder: Path) -> None:
    data = open_data(folder)
    images = [data.image(index) for index in range(3)]
    assert not np.array_equal(images[0], images[1])


@pytest.mark.parametrize("option", [("--workers", 2), ("--address", "auto")])
def test_options_of_ray_are_refused_without_it(
    folder: Path, model_folder: Path, tmp_path: Path, option: tuple[str, object]
) -> None:
    arguments = (folder, "--model", model_folder, "--out", tmp_path / "proposals")
    with pytest.raises(ValueError, match=f"{option[0]} is .* for --engine ray"):
        run(PROPOSALS, *arguments, *option)
