# SPDX-License-Identifier: Apache-2.0
"""Where a model loses: parts of it are replaced by the truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_training.commands.ablate import ABLATE
from llmseg_training.data import SceneData
from llmseg_training.embedded.oracles import (
    AS_IT_IS,
    BEST_PROPOSAL,
    BEST_RULE,
    BEST_UNION,
    ORACLES,
    TRUE_MASKS,
    TRUE_MASKS_BEST_RULE,
    OracleScores,
    SeenProposals,
    measure_oracles,
)

RECIPE = {
    "scenes": {
        "train": 1, "val": 3, "test": 1, "proposals": 1, "width": 128, "height": 96,
        "min_objects": 2, "max_objects": 3, "categories": ["mug", "banana", "book"],
    },
    "ship": {"questions": 3},
}  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command has run into this folder."""
    folder = tmp_path_factory.mktemp("oracles")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(RECIPE))
    parser = argparse.ArgumentParser()
    ABLATE.add_arguments(parser)
    given = ["oracles", "--recipe", str(folder / "tiny.yaml"), "--work", str(folder)]
    assert ABLATE.run(parser.parse_args(given)) == 0
    return folder


def test_a_truth_never_makes_it_worse(out: Path) -> None:
    report = json.loads((out / "oracles.json").read_text())
    assert report["giou"].keys() == {"unseen", "seen"}
    for groups in report["giou"].values():
        for row in groups.values():
            assert row[AS_IT_IS] <= row[BEST_RULE] + 1e-9
            assert row[BEST_PROPOSAL] <= row[BEST_UNION] + 1e-9
            assert row[TRUE_MASKS] <= row[TRUE_MASKS_BEST_RULE] + 1e-9
            assert all(0 <= row[name] <= 1 for name in ORACLES)
        assert groups["all"]["count"] >= groups["with a target"]["count"] > 0
    assert sum(row["count"] for row in report["sizes"]) > 3


def test_true_masks_are_all_that_is_in_the_scene(out: Path) -> None:
    pipeline = LLMSegPipeline.from_pretrained("embedded")
    generator = pipeline.generator
    scenes = SceneData(out / "scenes", "val", ("val",), 3, 0, RECIPE["scenes"]["categories"])
    found = measure_oracles(pipeline, scenes, scenes.asked_about(3))
    assert pipeline.generator is generator
    # with true masks some rule finds nearly everything among three objects
    rows = found.table("unseen")
    assert rows["all"][TRUE_MASKS_BEST_RULE] > 0.8
    assert sum(len(each.shares) for each in found.seen) == sum(
        len(scenes.objects(index)) for index in scenes.asked_about(3)
    )
    with pytest.raises(ValueError, match="nothing to ask"):
        measure_oracles(pipeline, scenes, [])


def test_sizes_and_ranking_are_counted() -> None:
    seen = SeenProposals(
        shares=np.array([0.001, 0.02, 0.02]),
        best=np.array([0.2, 0.6, 0.8]),
        predicted=np.array([0.1, 0.5, 0.9]),
        true=np.array([0.2, 0.6, 1.0]),
    )
    scores = OracleScores(seen=[seen, seen])
    assert [(row["count"], row["best"]) for row in scores.sizes() if row["count"]] == [
        (2, pytest.approx(0.2)),
        (4, pytest.approx(0.7)),
    ]
    assert scores.ranking()["correlation"] == pytest.approx(1)
    assert scores.ranking()["true"] == pytest.approx(0.6)
