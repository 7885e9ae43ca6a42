# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from transformers import SamModel

from helpers.literal_scene import literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_core.model_dir.network_files import save_network
from llmseg_training.embedded.rank_masks import (
    RankingDataset,
    RankingModel,
    RankingObjective,
    RankingRecipe,
    collate_ranking,
    rank_masks,
    true_iou,
)
from llmseg_training.embedded.recipe import EmbeddedRecipe, SceneRecipe
from llmseg_training.embedded.stages import EmbeddedTraining

RECIPE = RankingRecipe(
    steps=40, batch_size=2, learning_rate=1e-2, warmup_steps=0, decay_steps=20, points=6, boxes=2
)


def test_points_are_anywhere_in_the_image_and_nowhere_else() -> None:
    data = RankingDataset([literal_scene()], 64, 500, 1, seed=0)
    sample = data[0]
    assert sample.pixel_values.shape == (3, 64, 64)
    assert sample.instances.shape == (32, 32)
    inside = (sample.instances >= 0).any(1).sum() * 2
    assert sample.points[:, 0].min() >= 0
    assert 60 < sample.points[:, 0].max() <= 64
    assert inside - 4 < sample.points[:, 1].max() <= inside
    assert torch.equal(sample.points, data[0].points)
    data.set_epoch(1)
    assert not torch.equal(sample.points, data[0].points)


def test_boxes_show_things() -> None:
    scene = literal_scene()
    sample = RankingDataset([scene], 64, 4, 30, seed=0)[0]
    assert set(sample.shown[4:].tolist()) == {each.id for each in scene.objects}
    for box, number in zip(sample.boxes, sample.shown[4:], strict=True):
        rows, columns = (2 * side for side in (sample.instances == number).nonzero(as_tuple=True))
        true = torch.tensor([columns.min(), rows.min(), columns.max() + 2, rows.max() + 2])
        size = (true[2:] - true[:2]).repeat(2)
        assert ((box - true).abs() <= 0.2 * size + 2).all()


def test_points_show_what_is_under_them() -> None:
    sample = RankingDataset([literal_scene()], 64, 200, 1, seed=0)[0]
    columns, rows = (sample.points / 2).long().T
    same = sample.instances[rows, columns] == sample.shown[:200]
    assert same.float().mean() > 0.9  # the cell's first pixel may show something else
    assert len(sample.shown[:200].unique()) > 2


def test_a_mask_is_compared_with_what_its_prompt_shows() -> None:
    instances = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [-1, -1, -1, -1]])
    masks = torch.zeros(3, 3, 3, 4, dtype=torch.bool)
    masks[0, 0, :2, 2:] = True  # all of 1
    masks[0, 1, 0, :2] = True  # half of 0
    masks[0, 2] = True  # everything, the padding too
    masks[1] = masks[0]
    masks[2, 0, 0] = True  # half of each
    wanted = [[1.0, 0.0, 4 / 12], [0.0, 0.5, 4 / 12], [0.0, 0.0, 0.0]]
    found = true_iou(masks, torch.tensor([1, 0, 7]), instances)
    torch.testing.assert_close(found, torch.tensor(wanted))


def test_only_the_head_learns_and_it_learns_to_rank(tmp_path: Path) -> None:
    sam = tiny_sam()
    before, later = deepcopy(sam), deepcopy(sam)
    data = RankingDataset([literal_scene()] * 4, 64, 40, 4, seed=9)
    batch = collate_ranking([data[0], data[1]])

    def error(network: SamModel) -> float:
        objective = RankingObjective(RankingModel(network))
        with torch.no_grad():
            return float(objective.loss(objective.model, batch, 0).total)

    at_first = error(before)
    trained = rank_masks(sam, [literal_scene()] * 4, tmp_path, RECIPE, seed=0)
    assert error(trained) < 0.7 * at_first
    for (name, new), old in zip(trained.named_parameters(), before.parameters(), strict=True):
        assert torch.equal(new, old) != ("iou_prediction_head" in name), name
    again = SamModel.from_pretrained(tmp_path / "sam")
    assert all(map(torch.equal, again.parameters(), trained.parameters()))
    # ended already: the same weights once more
    ended = rank_masks(later, [literal_scene()] * 4, tmp_path, RECIPE, seed=0)
    assert all(map(torch.equal, ended.parameters(), trained.parameters()))


@pytest.mark.parametrize("ranks", [False, True])
def test_later_stages_take_the_sam_that_ranks(tmp_path: Path, ranks: bool) -> None:
    recipe = EmbeddedRecipe(
        scenes=SceneRecipe(train=2, val=1, test=1, width=64, height=48, max_objects=4),
        ranking=RankingRecipe(steps=1, batch_size=1, warmup_steps=0, decay_steps=0, points=2)
        if ranks
        else None,
    )
    training = EmbeddedTraining(recipe, tmp_path, tmp_path / "model", workers=1)
    training.scenes()
    sam = tiny_sam()
    save_network(sam, tmp_path / "sam" / "sam")
    training.ranking()
    assert (tmp_path / "ranking").exists() == ranks
    head = "mask_decoder.iou_prediction_head.proj_in.weight"
    same = torch.equal(training._sam().state_dict()[head], sam.state_dict()[head])
    assert same != ranks
