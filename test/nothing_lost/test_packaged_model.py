# SPDX-License-Identifier: Apache-2.0
"""The packaged model scores on 300 rendered scenes what it scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.old_files import expected
from llmseg_core import LLMSegPipeline
from llmseg_training.data.scene_data import SceneData
from llmseg_training.evaluate import PipelineAnswers, evaluate, score_cases
from llmseg_training.evaluate.case import Case
from llmseg_training.evaluate.json_lines import JsonLines
from llmseg_training.scenes import write_scenes

KINDS = ("category", "colour", "function", "property", "relation")
SCORES = (
    "giou", "ciou", "oracle_giou", "oracle_union_giou", "random_giou", "no_target_accuracy",
    "target_recall",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_scores_on_unseen_scenes_in_unseen_words(tmp_path: Path) -> None:
    old = expected("evaluate-embedded.json")
    write_scenes(tmp_path, "test", old["scenes"], workers=2)
    data = SceneData(tmp_path, "test", questions=old["questions_per_scene"], seed=old["seed"])
    source = PipelineAnswers(
        LLMSegPipeline.from_pretrained("embedded"),
        JsonLines(tmp_path / "scores.jsonl", {"model": "embedded", "data": data.name}),
    )
    cases = evaluate(data, source).cases
    groups: dict[str, list[Case]] = {
        "all": list(cases),
        "with a target": [case for case in cases if case.has_target],
        "no target": [case for case in cases if not case.has_target],
        **{kind: [case for case in cases if case.category == kind] for kind in KINDS},
    }
    for name, part in groups.items():
        scores, wanted = score_cases(part), old["rows"][f"unseen: {name}"]
        assert scores["count"] == wanted["count"]
        for score in SCORES:
            if wanted[score] is not None:
                assert scores[score] == pytest.approx(wanted[score], abs=5e-3), (name, score)
