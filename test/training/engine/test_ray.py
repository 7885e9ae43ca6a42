# SPDX-License-Identifier: Apache-2.0
"""Real Ray, started on this machine: `make test-distributed`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
import yaml

from helpers.commands import run
from helpers.folder_data import write_folder_data
from helpers.generate_place import write_pictures
from helpers.programs import is_running
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.commands.generate import GENERATE
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.data import open_data
from llmseg_training.proposals.cache import CachedProposals

ray = pytest.importorskip("ray", reason="ray is not installed: make test-distributed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IMAGES = 12
MANY = 400
"""so many that a signal comes before the last"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder_data(tmp_path / "data", images=IMAGES)


@pytest.fixture(autouse=True)
def _stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ray makes up a token for its own clusters and takes none to those that it is told of."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    yield
    ray.shutdown()


def same(stored: CachedProposals, other: CachedProposals, name: str) -> bool:
    return all(
        torch.equal(getattr(stored[name], each.name), getattr(other[name], each.name))
        for each in fields(type(stored[name]))[:-1]
    )


def rows(folder: Path) -> list[str]:
    return [name for path in folder.glob("*.parquet")
            for name in pq.read_table(path)["name"].to_pylist()]  # fmt: skip


def test_ray_gives_the_masks_of_one_process_and_names_what_is_broken(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = open_data(folder)
    torn = folder / "images" / "picture_5.png"
    whole = torn.read_bytes()
    torn.write_bytes(b"torn")
    here, there = tmp_path / "here", tmp_path / "there"
    run(PROPOSALS, folder, "--model", model_folder, "--out", here, "--broken", "skip")
    arguments = (folder, "--model", model_folder, "--out", there, "--engine", "ray")
    assert run(PROPOSALS, *arguments, "--workers", 2) == 1
    said = capsys.readouterr()
    assert f"{IMAGES - 1} new images in {there}" in said.out
    assert f"1 of {IMAGES} samples are broken" in said.err
    assert "picture_5" in said.err
    ours, others = CachedProposals(here), CachedProposals(there)
    assert len(ours) == len(others) == IMAGES - 1
    names = [data.sample_name(index) for index in range(IMAGES) if index != 5]
    assert all(same(ours, others, name) for name in names)
    assert sorted(rows(there)) == sorted(data.sample_name(index) for index in range(IMAGES))

    # What was broken is tried again; nothing else is, also if its file is newer.
    torn.write_bytes(whole)
    (folder / "images" / "picture_6.png").touch()
    assert run(PROPOSALS, *arguments, "--broken", "skip") == 0
    assert "1 new images" in capsys.readouterr().out
    assert len(CachedProposals(there)) == IMAGES


def test_a_killed_run_goes_on_with_what_is_missing(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder_data(tmp_path / "data", images=MANY)
    out = tmp_path / "proposals"
    options = ("--model", model_folder, "--out", out, "--engine", "ray", "--shard-mb", 0.0001)
    command = (sys.executable, "-m", "llmseg_core.cli", "proposals", folder, *options)
    process = subprocess.Popen([str(each) for each in command])
    try:
        wait_until(lambda: any(out.glob("*.parquet")) or process.poll() is not None)
        cluster = descendants(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    for each in filter(is_running, cluster):  # they would go on for as long as there is work
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, cluster)))
    ray.shutdown()
    before = rows(out)
    if len(before) == MANY:
        pytest.skip("the machine was faster than the signal")
    assert run(PROPOSALS, folder, *options) == 0
    assert f"{MANY - len(before)} new images" in capsys.readouterr().out
    assert sorted(rows(out)) == sorted(open_data(folder).sample_name(n) for n in range(MANY))


def descendants(pid: int) -> list[int]:
    """Processes that a process has begun, and those that they have."""
    parents = {
        int(status.parent.name): int(status.read_text().split(") ")[-1].split()[1])
        for status in Path("/proc").glob("[0-9]*/stat")
        if status.exists()
    }
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def wait_until(happened: object) -> None:
    deadline = time.monotonic() + 300
    assert callable(happened)
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_cluster_that_is_too_small_is_refused_at_once(
    folder: Path, model_folder: Path, tmp_path: Path
) -> None:
    arguments = (folder, "--model", model_folder, "--out", tmp_path / "out", "--engine", "ray")
    message = r"needs 4 logical CPUs and has 2.*--num-cpus 4"
    with small_cluster() as address, pytest.raises(ValueError, match=message):
        run(PROPOSALS, *arguments, "--address", address, "--workers", 2)


@contextmanager
def small_cluster() -> Iterator[str]:
    """Address of a cluster of two CPUs in another process."""
    script = (
        "import ray, sys; made = ray.init(num_cpus=2, include_dashboard=False);"
        "print(made.address_info['address'], flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def test_gpus_that_nobody_has_are_refused(folder: Path, model_folder: Path, tmp_path: Path) -> None:
    arguments = (folder, "--model", model_folder, "--out", tmp_path / "out", "--engine", "ray")
    with pytest.raises(ValueError, match=r"needs 3 GPUs and has 0"):
        run(PROPOSALS, *arguments, "--gpus-per-worker", 3)


def test_an_evaluation_by_ray_finds_what_one_process_finds(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "images" / "picture_5.png").write_bytes(b"torn")
    here, there = tmp_path / "here", tmp_path / "there"
    arguments = ("--data", folder, "--model", model_folder, "--broken", "skip", "--resamples", 50)
    assert run(EVALUATE, *arguments, "--out", here, "--sweep") == 0
    known = tmp_path / "there" / "scores.jsonl"
    known.parent.mkdir()
    lines = (here / "scores.jsonl").read_text().splitlines(keepends=True)
    known.write_text("".join(lines[:4]))  # as an interrupted run leaves it
    capsys.readouterr()
    arguments = (*arguments, "--sweep", "--engine", "ray", "--workers", 2)
    assert run(EVALUATE, *arguments, "--out", there) == 0
    assert f"1 of {IMAGES} samples are broken" in capsys.readouterr().err
    assert (there / "report.json").read_text() == (here / "report.json").read_text()
    assert known.read_text().startswith("".join(lines[:4]))
    assert sorted(known.read_text().splitlines()) == sorted("".join(lines).splitlines())


def test_answers_that_are_there_need_no_cluster(
    folder: Path, model_folder: Path, tmp_path: Path
) -> None:
    arguments = ("--data", folder, "--model", model_folder, "--out", tmp_path, "--resamples", 50)
    run(EVALUATE, *arguments)
    assert run(EVALUATE, *arguments, "--engine", "ray", "--address", "192.0.2.1:1") == 0


def test_images_are_prepared_by_ray_as_by_one_process(model_folder: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    write_pictures(pictures, [f"{number}.png" for number in range(9)])
    shutil.copy(pictures / "4.png", pictures / "copy.png")
    (pictures / "torn.png").write_bytes(b"torn")
    recipe = tmp_path / "recipe.yaml"
    data = f"images:{pictures}"
    values = {
        "sources": {"few": {"data": data, "images": 3}, "all": {"data": data}},
        "sam": str(model_folder),
        "asker": {"url": "http://127.0.0.1:9/v1", "model": "absent"},
        "ask": {"describe": "none", "template": "own"},
    }
    recipe.write_text(yaml.safe_dump(values))
    seen = {}
    for engine in ("local", "ray"):
        out = tmp_path / engine
        with pytest.raises(FileNotFoundError, match="has not been asked"):
            run(GENERATE, "run", recipe, out, "--offline", "--engine", engine)
        seen[engine] = (out / "images.jsonl").read_text()
    assert seen["ray"] == seen["local"]
    assert '"near_duplicate"' in seen["ray"]
    assert '"unreadable"' in seen["ray"]
    assert seen["ray"].count('"mask"') > 5
