# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.parts import ModelParts
from llmseg_training.data import FolderData, QuestionKind, SceneData, open_data, write_folder
from llmseg_training.evaluate.scene_answers import ask_scenes
from llmseg_training.scenes import SceneFolder


@pytest.fixture
def root(scenes: SceneFolder) -> Path:
    return scenes.path.parent


def texts(data: SceneData) -> list[list[str]]:
    return [[question.text for question in sample.questions] for sample in data]


def test_samples(root: Path, scenes: SceneFolder) -> None:
    data = open_data(f"scenes:{root}:train")
    assert (data.name, len(data), data.sample_name(1)) == ("scenes/train", 4, "000001")
    for index, sample in enumerate(data):
        assert np.array_equal(sample.image, scenes.image(index))
        assert 1 <= len(sample.questions) <= 6
        for question in sample.questions:
            assert question.kind is QuestionKind.INSTRUCTION
            assert question.category in ("function", "property", "category", "colour", "relation")
            ids = np.unique(scenes.instances(index)[question.mask])
            assert set(ids) <= {item.id for item in scenes.objects(index)}


def test_seed_phrasing_and_number_of_questions(root: Path) -> None:
    first = texts(SceneData(root, "train"))
    assert first == texts(SceneData(root, "train", ("train",)))
    assert first != texts(SceneData(root, "train", seed=1))
    unseen = SceneData(root, "train", ("test",), questions=2)
    assert unseen.name == "scenes/train/test"
    assert all(len(asked) <= 2 for asked in texts(unseen))
    assert texts(open_data(f"scenes:{root}:train/test")) == texts(
        SceneData(root, "train", ("test",))
    )


def test_the_questions_of_the_evaluation(
    root: Path, scenes: SceneFolder, parts: ModelParts
) -> None:
    asked = ask_scenes(
        LLMSegPipeline.from_parts(parts), scenes, 2, "train", ("train", "test"), 3, seed=5
    )
    data = SceneData(root, "train", ("train", "test"), questions=3, seed=5)
    for index, scene in enumerate(asked):
        for answer, question in zip(scene.answers, data[index].questions, strict=True):
            assert answer.question.instruction == question.text
            assert np.array_equal(answer.target, question.mask)


def test_scenes_can_be_exported(root: Path, tmp_path: Path) -> None:
    data = SceneData(root, "train", questions=2)
    write_folder(data, tmp_path)
    for mine, its in zip(data, FolderData(tmp_path), strict=True):
        assert np.array_equal(mine.image, its.image)
        assert [question.text for question in mine.questions] == [
            question.text for question in its.questions
        ]
