# SPDX-License-Identifier: Apache-2.0
"""`make evaluate-embedded` prints the scores that it printed, whatever does it today."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from helpers.commands import run
from helpers.old_files import assert_covers, expected
from llmseg_training.commands.evaluate import EVALUATE

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_scores_on_300_unseen_scenes(tmp_path: Path) -> None:
    (line,) = re.findall(r"llmseg_core.cli evaluate (.+\\\n.+)\n", MAKEFILE.read_text())
    options = [text.replace("build/", f"{tmp_path}/") for text in line.replace("\\", " ").split()]
    run(EVALUATE, *options, "--out", tmp_path / "out")
    report = json.loads((tmp_path / "evaluate-embedded.json").read_text())
    assert_covers(report, without_nciou(expected("evaluate-embedded.json")), 1e-4)


def without_nciou(old: Any) -> Any:
    """The command of then compared at 256 x 256 pixels, the one of now at 1024 x 1024."""
    if not isinstance(old, dict):
        return old
    return {name: without_nciou(value) for name, value in old.items() if name != "nciou"}
