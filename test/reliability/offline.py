# SPDX-License-Identifier: Apache-2.0
"""Commands that write folders, on miniatures, and what must be the same however they came about."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.folder_data import write_folder_data
from helpers.programs import COMMAND_LINE

from .fault import Place

__all__ = ["ENVIRONMENT", "Offline", "offline_commands", "started"]

IMAGES = 6
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


def offline_commands(place: Place) -> list[Offline]:
    """Export, proposals and evaluate; writes what they read into the place's folder."""
    data, model = place.folder / "data", str(place.model)
    if not data.exists():
        write_folder_data(data, IMAGES)
    return [
        Offline("data export", ("data", "export", str(data), "OUT"), _files),
        Offline("proposals", ("proposals", str(data), "--model", model, "--out", "OUT"), _files),
        Offline(
            "evaluate",
            ("evaluate", "--model", model, "--data", str(data), "--out", "OUT"),
            _scores,
        ),
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


def _scores(folder: Path) -> Any:
    """The scores of all samples, in order of their names, and the report without its times."""
    first, *lines = (folder / "scores.jsonl").read_text().splitlines()
    records = sorted((json.loads(line) for line in lines), key=lambda record: record["name"])
    report = json.loads((folder / "report.json").read_text())
    return json.loads(first), records, sorted(report)
