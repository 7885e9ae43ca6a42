# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.answers import MASKS, answer
from helpers.literal_scene import literal_scene
from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.evaluate.scene_answers import Answer, ask_scenes, score
from llmseg_training.scenes import SceneFolder

LEFT = (0, 1)


@pytest.fixture(scope="module")
def pipeline(parts: ModelParts) -> LLMSegPipeline:
    return LLMSegPipeline.from_parts(parts)


def test_the_right_answer() -> None:
    row = score([answer(LEFT, (0.9, 0.1, 0.1))])
    assert row["count"] == 1
    assert row["giou"] == row["ciou"] == row["nciou"] == row["oracle_giou"] == 1
    assert row["random_giou"] == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert row["target_recall"] == 1
    assert math.isnan(row["no_target_accuracy"])


def test_nothing_said_of_nothing_counts_one() -> None:
    row = score([answer((), (0.1, 0.1, 0.1))])
    assert row["giou"] == row["oracle_giou"] == row["no_target_accuracy"] == 1
    assert row["random_giou"] == 0
    assert math.isnan(row["target_recall"])


def test_something_said_of_nothing_counts_zero() -> None:
    row = score([answer((), (0.1, 0.9, 0.1))])
    assert row["giou"] == row["no_target_accuracy"] == 0
    assert row["oracle_giou"] == 1


def test_nothing_said_of_something_counts_zero() -> None:
    row = score([answer(LEFT, (0.1, 0.1, 0.1))])
    assert row["giou"] == row["target_recall"] == 0
    assert row["oracle_giou"] == 1


def test_scores_of_several_answers() -> None:
    answers = [
        answer(LEFT, (0.9, 0.1, 0.1)),  # right: 2 of 2
        answer(LEFT, (0.1, 0.1, 0.9)),  # too much: 2 of 3
        answer((2, 3), (0.1, 0.9, 0.1)),  # too little: 1 of 2; no proposal is better
        answer((), (0.1, 0.1, 0.1)),
        answer((), (0.9, 0.1, 0.1)),  # 0 of 2
    ]
    row = score(answers)
    assert row["count"] == 5
    assert row["giou"] == pytest.approx((1 + 2 / 3 + 1 / 2 + 1 + 0) / 5)
    assert row["ciou"] == pytest.approx((2 + 2 + 1 + 0 + 0) / (2 + 3 + 2 + 0 + 2))
    assert row["nciou"] == pytest.approx(row["ciou"])  # four pixels become 64 x 256 each
    assert row["oracle_giou"] == pytest.approx((1 + 1 + 1 / 2 + 1 + 1) / 5)
    assert row["random_giou"] == pytest.approx((5 / 9 + 5 / 9 + (0 + 1 / 2 + 1 / 4) / 3) / 5)
    assert row["no_target_accuracy"] == 1 / 2
    assert row["target_recall"] == 1


def test_an_image_without_proposals() -> None:
    row = score([answer(LEFT, (), masks=MASKS[:0])])
    assert row["giou"] == row["oracle_giou"] == row["random_giou"] == row["target_recall"] == 0


def asked(pipeline: LLMSegPipeline, scenes: SceneFolder, seed: int = 0) -> list[Answer]:
    found = ask_scenes(pipeline, scenes, 2, "test", ("test", "train"), 3, seed)
    return [item for scene in found for item in scene.answers]


def test_scenes_are_asked_about_in_all_phrasings(
    pipeline: LLMSegPipeline, scenes: SceneFolder
) -> None:
    answers = asked(pipeline, scenes)
    assert len(answers) == 2 * 2 * 3
    assert [item.question.phrasing for item in answers] == (["unseen"] * 3 + ["seen"] * 3) * 2
    for index, item in enumerate(answers):
        instances = scenes.instances(index // 6)
        assert np.array_equal(item.target, np.isin(instances, item.question.target_ids))
        assert item.has_target == item.target.any()
        assert item.segmentation.instruction == item.question.instruction
        assert 0 <= item.bounds.random <= item.bounds.best <= item.bounds.union <= 1


def test_questions_are_decided_by_the_seed(pipeline: LLMSegPipeline, scenes: SceneFolder) -> None:
    first, again, other = (
        [item.question for item in asked(pipeline, scenes, seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_the_best_proposal_of_each_object(pipeline: LLMSegPipeline, scenes: SceneFolder) -> None:
    (found,) = ask_scenes(pipeline, scenes, 1, "test", ("test",), 1, seed=0)
    masks = found.frame.proposals.masks
    assert len(masks) > 0
    for item, best in zip(scenes.objects(0), found.best_iou, strict=True):
        mask = torch.from_numpy(scenes.instances(0) == item.id)
        ious = [(mask & each).sum() / (mask | each).sum() for each in masks]
        assert best.item() == pytest.approx(float(max(ious)))


def test_a_scene_with_nothing_to_ask_about(pipeline: LLMSegPipeline) -> None:
    bare = replace(literal_scene(), objects=())
    (found,) = ask_scenes(pipeline, [bare], 1, "test", ("test",), 0, seed=0)
    assert found.answers == ()
    assert found.best_iou.shape == (0,)
