# SPDX-License-Identifier: Apache-2.0
"""Old data sets, stored proposals, scenes and encoded scenes hold what they held."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from helpers.commands import run
from helpers.old_files import expected
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.embedded.features_file import read_features
from llmseg_training.embedded.recipe import load_recipe
from llmseg_training.embedded.selection_data import QuestionDraw, SelectionDataset
from llmseg_training.learning.batch import collate_proposals
from llmseg_training.proposals.cache import CachedProposals
from llmseg_training.scenes import SceneConfig, SceneFolder, write_scenes

FEATURES = Path("embedded/proposals/features.pt")
STORED = expected("proposals.json")
ENCODED = expected("features.json")


@pytest.mark.parametrize("folder", STORED)
def test_stored_proposals_are_read(folder: str) -> None:
    """Those in `large` were enlarged to the image before they were stored."""
    config = load_config(Path("models/dinov2")).proposals
    if folder.endswith("large"):
        config = replace(config, max_image_side=48)
    cached = CachedProposals(Path(folder), config)
    assert len(cached) == len(STORED[folder])
    for name, old in STORED[folder].items():
        proposals = cached[name]
        assert proposals.areas_px.tolist() == old["areas"]
        for field, mine in (
            ("boxes", proposals.boxes_px),
            ("predicted_iou", proposals.predicted_iou),
            ("points", proposals.points),
        ):
            assert np.allclose(mine.numpy(), old[field], atol=1e-5)
        assert tuple(proposals.masks.shape[1:]) == proposals.image_size


def test_stored_proposals_are_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command finds every sample done, by its name and with the same settings."""
    folder = shutil.copytree("proposals/train", tmp_path / "train")
    assert run(PROPOSALS, "data/train", "--model", "models/dinov2", "--out", folder) == 0
    assert f"0 new files in {folder}" in "".join(capsys.readouterr())


def test_a_setting_that_there_was_not_had_its_default(tmp_path: Path) -> None:
    """So that a new setting of the generator does not make stored proposals worthless."""
    folder = Path(shutil.copytree("proposals/train", tmp_path / "train"))
    settings = yaml.safe_load((folder / "proposals.yaml").read_text())
    del settings["coarse_step"]
    (folder / "proposals.yaml").write_text(yaml.safe_dump(settings))
    config = load_config(Path("models/dinov2")).proposals
    assert len(CachedProposals(folder, config)) == 2
    with pytest.raises(ValueError, match="made with coarse_step 1, not 2"):
        CachedProposals(folder, replace(config, coarse_step=2))


def test_a_folder_of_scenes_is_read_and_not_rendered_again(tmp_path: Path) -> None:
    shutil.copytree("embedded/scenes/train", tmp_path / "train")
    index = (tmp_path / "train" / "scenes.jsonl").read_bytes()
    write_scenes(tmp_path, "train", 2, config=SceneConfig(width=64, height=48))
    assert (tmp_path / "train" / "scenes.jsonl").read_bytes() == index
    scenes = SceneFolder("embedded/scenes/train")
    objects = [item for number in range(len(scenes)) for item in scenes.objects(number)]
    assert plain(objects) == ENCODED["objects"]
    for scene in (scenes[0], scenes[1]):
        assert scene.image.shape == (48, 64, 3)
        seen = [np.count_nonzero(scene.instances == item.id) for item in scene.objects]
        assert seen == [item.visible_pixels for item in scene.objects]


@pytest.mark.usefixtures("words_of_then")
def test_encoded_scenes_are_read_though_their_classes_have_moved() -> None:
    """And the questions and targets that are drawn from them are the same."""
    assert b"llmseg_training.selection_data" in FEATURES.read_bytes()
    scenes = read_features(FEATURES)
    assert plain([item for scene in scenes for item in scene.objects]) == ENCODED["objects"]
    categories = load_recipe(Path("embedded.yaml")).scenes.categories
    draw = QuestionDraw("train", 3, categories, relation_share=0.2)
    data = SelectionDataset(scenes, draw, 0, augment_width=64)
    batch = collate_proposals([data[0], data[1]])
    assert list(batch.questions) == ENCODED["questions"]
    assert list(batch.answers) == ENCODED["answers"]
    sums = {
        "target_iou": batch.target_iou,
        "target_iop": batch.target_iop,
        "features": batch.features.sum((1, 2)),
        "boxes": batch.boxes_rel.sum((1, 2)),
        "pixel_values": batch.pixel_values.sum((1, 2, 3)),
    }
    for name, mine in sums.items():
        assert np.allclose(mine.numpy(), ENCODED[name], atol=1e-3), name


def plain(objects: list) -> list[dict]:
    """Scene objects as JSON has them, of six digits."""
    return [
        {
            name: [round(each, 6) for each in value] if isinstance(value, tuple) else value
            for name, value in asdict(item).items()
        }
        for item in objects
    ]
