# SPDX-License-Identifier: Apache-2.0
"""The filters reach their bar on scenes and wordings that they were not worked on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.commands import run
from llmseg_core.config import RuntimeConfig
from llmseg_training.commands.generate import GENERATE
from llmseg_training.generate.checks.rules import RULES
from llmseg_training.generate.measure.measuring import Counts, measure
from llmseg_training.generate.measure.planted import PLANTS
from llmseg_training.scenes import SceneConfig, write_scenes


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("measure")
    write_scenes(root, "test", 12, config=SceneConfig(width=224, height=168, edge_samples=0))
    return root


def test_every_check_reaches_the_bar(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        GENERATE, "measure", tmp_path, "--scenes", scenes, "--samples", 12, "--seed", 5
    )  # fmt: skip
    said = capsys.readouterr().out
    found = json.loads((tmp_path / "measure.json").read_text())
    assert set(RULES) == set(PLANTS)
    checks = {*RULES, "alike", "too_many", "alike_across_splits", "wrong_object", "same_mask"}
    assert checks <= set(found)
    for name in checks - {"leaves_out"}:  # few scenes have two of a kind
        assert found[name]["planted"] >= 10, name
        assert found[name]["recall"] >= 0.9, name
        assert found[name]["precision"] >= 0.95, name
    assert (code, said.count("passes")) == (0, len(checks))


def test_a_check_that_sleeps_fails_the_command(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = {**RULES, "names_answer": lambda draft, image, book: False}
    monkeypatch.setattr("llmseg_training.generate.measure.measuring.RULES", asleep)
    found = measure(tmp_path, scenes, 4, 5, None, RuntimeConfig())
    assert found.counts["names_answer"].recall == 0
    assert not found.passes
    lines = (tmp_path / "missed.jsonl").read_text().splitlines()
    assert any("not_noticed" in json.loads(line) for line in lines)


def test_rates() -> None:
    """As many good ones as errors: 9 of 10 noticed, and 5 of 100 good ones refused."""
    counts = Counts(9, 10, 5, 100)
    assert counts.recall == 0.9
    assert counts.precision == pytest.approx(0.9 / 0.95)
    assert not counts.passes
    assert Counts(9, 10, 4, 100).passes
    assert Counts(0, 10, 0, 100, barred=False).passes
    assert not Counts(0, 0, 0, 10).passes
