# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from llmseg_training.data import FolderData, QuestionKind, SceneData, open_data, write_folder
from llmseg_training.data.scene_data import render_scenes
from llmseg_training.questions import generate_samples
from llmseg_training.scenes import SceneConfig, SceneFolder, write_scenes


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
        items = scenes.objects(index)
        assert sample.objects is not None
        for mask, item in zip(sample.objects, items, strict=True):
            assert np.array_equal(mask, scenes.instances(index) == item.id)
            assert mask.sum() == item.visible_pixels
        for question in sample.questions:
            assert question.kind is QuestionKind.INSTRUCTION
            assert question.phrasing == "seen"
            assert question.category in ("function", "property", "category", "colour", "relation")
            ids = np.unique(scenes.instances(index)[question.mask])
            assert set(ids) <= {item.id for item in items}
            assert len(ids) == question.targets


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


def test_seed_index_and_round_decide_the_questions(root: Path, scenes: SceneFolder) -> None:
    data = SceneData(root, "train", ("train", "test"), questions=3, seed=5)
    assert texts(SceneData(root, "train", ("train", "test")).drawn(3, 5)) == texts(data)
    for index, sample in enumerate(data):
        wanted = [
            question
            for round_, phrasing in enumerate(("train", "test"))
            for question in generate_samples(
                scenes.objects(index), np.random.default_rng((5, index, round_)), "train", 3,
                phrasing,
            )
        ]  # fmt: skip
        assert [question.text for question in sample.questions] == [
            question.instruction for question in wanted
        ]
        assert [question.phrasing for question in sample.questions] == [
            question.phrasing for question in wanted
        ]
        for question, its in zip(sample.questions, wanted, strict=True):
            assert np.array_equal(question.mask, np.isin(scenes.instances(index), its.target_ids))


def test_its_own_wordings_and_those_of_training(root: Path, tmp_path: Path) -> None:
    render_scenes(tmp_path, "val", 1)
    both = open_data(f"scenes:{tmp_path}:val/both")
    assert [question.phrasing for question in both[0].questions] == ["unseen"] * 6 + ["seen"] * 6
    assert texts(both) == texts(SceneData(tmp_path, "val", ("val", "train")))
    with pytest.raises(ValueError, match=r"the split is 'train/both', it must be one of train, "):
        open_data(f"scenes:{root}:train/both")
    with pytest.raises(ValueError, match="questions is 0, it must be at least 1"):
        SceneData(root, "train", questions=0)


def test_a_scene_with_nothing_to_ask_about_is_left_out(tmp_path: Path) -> None:
    render_scenes(tmp_path, "test", 3)
    index = tmp_path / "test" / "scenes.jsonl"
    first, bare, last = (json.loads(line) for line in index.read_text().splitlines())
    bare["objects"] = []
    index.write_text("".join(f"{json.dumps(line)}\n" for line in (first, bare, last)))
    data = SceneData(tmp_path, "test", questions=1, seed=0)
    assert data.asked_about(99) == [0, 2]
    assert data.asked_about(2) == [0]
    with pytest.raises(ValueError, match="000001 has no question"):
        data[1]


def test_only_missing_scenes_are_rendered(tmp_path: Path) -> None:
    render_scenes(tmp_path, "test", 1)
    kept = tmp_path / "test" / "images" / "000000.png"
    times = [path.stat().st_mtime_ns for path in (kept, tmp_path / "test" / "scenes.jsonl")]
    render_scenes(tmp_path, "test", 1)
    assert times == [path.stat().st_mtime_ns for path in (kept, tmp_path / "test" / "scenes.jsonl")]
    render_scenes(tmp_path, "test", 2)
    assert kept.stat().st_mtime_ns == times[0]
    assert len(SceneFolder(tmp_path / "test")) == 2


def test_scenes_can_be_exported(root: Path, tmp_path: Path) -> None:
    data = SceneData(root, "train", questions=2)
    write_folder(data, tmp_path)
    for mine, its in zip(data, FolderData(tmp_path), strict=True):
        assert np.array_equal(mine.image, its.image)
        assert [question.text for question in mine.questions] == [
            question.text for question in its.questions
        ]


def test_a_folder_of_the_larger_catalogue_is_asked_about_all_of_it(tmp_path: Path) -> None:
    config = SceneConfig(
        width=96, height=72, edge_samples=0, categories=("duck", "mug", "saw"), looks="rich"
    )
    write_scenes(tmp_path, "val", 3, config=config)
    data = open_data(f"scenes:{tmp_path}:val")
    assert isinstance(data, SceneData)
    assert data.scenes.config == config
    assert len(data.categories) == 94
    asked = [question for index in data.asked_about(3) for question in data[index].questions]
    assert any(question.mask.any() for question in asked)
