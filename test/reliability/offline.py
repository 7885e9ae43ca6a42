# SPDX-License-Identifier: Apache-2.0
"""Commands that write folders, on miniatures, and what must be the same however they came about."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.folder_data import write_folder_data
from helpers.programs import COMMAND_LINE
from helpers.truthful_asker import TruthfulAsker
from helpers.vlm_server import vlm_server
from llmseg_training.scenes import SceneConfig, write_scenes

from .fault import Place

__all__ = ["ENVIRONMENT", "Offline", "offline_commands", "started"]

IMAGES, SCENES = 6, 4
TRAINING = {"steps": 6, "warmup_steps": 2, "validate_steps": 3, "save_steps": 2, "log_steps": 1}
"""of `llmseg train`: a checkpoint every two steps, and two validations"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
"""of the commands: with another number of threads the last digits are others"""


@dataclass(frozen=True)
class Offline:
    """A command that writes a folder.

    Attributes:
        name: for people.
        arguments: what follows `llmseg`; "OUT" stands for the folder.
        content: what must be the same in a folder that is whole.
    """

    name: str
    arguments: tuple[str, ...]
    content: Callable[[Path], Any]

    def command(self, out: Path) -> list[str]:
        """The whole command line."""
        return [*COMMAND_LINE, *(str(out) if part == "OUT" else part for part in self.arguments)]


@contextmanager
def offline_commands(place: Place) -> Iterator[list[Offline]]:
    """Export, proposals, evaluate, train and generate; what they read is in the place's folder.

    Generate asks a server, which is there for as long as the block lasts.
    """
    data, model = place.folder / "data", str(place.model)
    write_folder_data(data, IMAGES)
    train, generate = place.folder / "train.yaml", place.folder / "generate.yaml"
    recipe = {"model": model, "data": str(data), "validation": str(data), "proposals": None}
    fixed = {"accumulation": 2, "precision": "float32", "workers": 0}
    train.write_text(yaml.safe_dump({**recipe, **fixed, **TRAINING}))
    scenes = SceneConfig(width=128, height=96, edge_samples=0)
    write_scenes(place.folder / "scenes", "val", SCENES, config=scenes)
    with vlm_server() as server:
        server.behaviour = TruthfulAsker(errs=True)
        asked = {"url": server.url, "model": "truthful", "first_wait_s": 0.01}
        of_all = {
            "sources": {"scenes": {"data": f"scenes:{place.folder / 'scenes'}:val"}},
            **{role: dict(asked) for role in ("asker", "describer", "verifier")},
            "ask": {"describe": "none", "template": "own"},
        }
        generate.write_text(yaml.safe_dump(of_all))
        yield _commands(data, model, train, generate)


def _commands(data: Path, model: str, train: Path, generate: Path) -> list[Offline]:
    return [
        Offline("data export", ("data", "export", str(data), "OUT"), _files),
        Offline("proposals", ("proposals", str(data), "--model", model, "--out", "OUT"), _files),
        Offline(
            "evaluate",
            ("evaluate", "--model", model, "--data", str(data), "--out", "OUT"),
            _scores,
        ),
        Offline("train", ("train", str(train), "--work", "OUT", "--device", "cpu"), _weights),
        Offline("generate run", ("generate", "run", str(generate), "OUT"), _made),
    ]


def started(command: list[str], **options: Any) -> subprocess.Popen[str]:
    """The command, in a session of its own, with PyTorch on one thread."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        **options,
    )


def _files(folder: Path) -> dict[str, bytes]:
    """Every file that is not hidden."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def _weights(folder: Path) -> dict[str, bytes]:
    """What the best and the last model learned."""
    files = ("adapter/adapter_model.safetensors", "selector.safetensors")
    models = (folder / "best", folder / "last")
    return {
        f"{model.name}/{file}": (model / file).read_bytes() for model in models for file in files
    }


def _made(folder: Path) -> dict[str, bytes]:
    """The data set, without what is for people: there stands when it was made."""
    for_people = ("README.md", "statistics.png")
    return {name: data for name, data in _files(folder / "data").items() if name not in for_people}


def _scores(folder: Path) -> Any:
    """The scores of all samples, in order of their names, and the report without its times."""
    first, *lines = (folder / "scores.jsonl").read_text().splitlines()
    records = sorted((json.loads(line) for line in lines), key=lambda record: record["name"])
    report = json.loads((folder / "report.json").read_text())
    return json.loads(first), records, sorted(report)
