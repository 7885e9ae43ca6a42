# SPDX-License-Identifier: Apache-2.0
"""The hooks before a commit are those of `make lint`."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def test_hooks_are_what_make_lint_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repo,) = config["repos"]
    hooks = [hook["entry"].split() for hook in repo["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    made = [line.split() for line in lint.replace("$(VENV)", ".venv").splitlines()[1:]]
    assert [words[:2] for words in hooks] == [words[:2] for words in made]
