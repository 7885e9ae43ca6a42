# SPDX-License-Identifier: Apache-2.0
"""The packaged SAM begins to draw what boxes show."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from llmseg_core.metrics.mask_iou import mask_iou
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.target import Target
from llmseg_training.embedded.box_prompts import BoxRecipe, learn_boxes
from llmseg_training.scenes import SceneFolder, write_scenes


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneFolder:
    folder = tmp_path_factory.mktemp("scenes")
    write_scenes(folder, "train", 3, workers=1)
    return SceneFolder(folder / "train")


def test_boxes_are_learned(scenes: SceneFolder) -> None:
    before = load_sam("embedded")
    recipe = BoxRecipe(steps=12, images=2)
    after = learn_boxes(copy.deepcopy(before), scenes, recipe, seed=0)
    encoders = (before.vision_encoder, after.vision_encoder)
    for one, other in zip(*(each.parameters() for each in encoders), strict=True):
        assert torch.equal(one, other)
    assert not after.training
    worse, better = (_mean_iou(SamMasks(sam), scenes) for sam in (before, after))
    assert better > worse + 0.05
    assert better > 0.5


def _mean_iou(segmenter: SamMasks, scenes: SceneFolder) -> float:
    """Of all objects, each shown by its box."""
    overlaps = []
    for index in range(len(scenes)):
        scene = scenes[index]
        targets = [Target(tuple(map(float, each.box))) for each in scene.objects]
        drawn = segmenter.draw(segmenter.encode(scene.image), targets).masks.numpy()
        wanted = (scene.instances == each.id for each in scene.objects)
        overlaps += [mask_iou(*pair) for pair in zip(drawn, wanted, strict=True)]
    return float(np.mean(overlaps))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0, it must be at least 1"),
        ({"jitter": 2.0}, r"jitter is 2.0, it must be in \[0, 1\]"),
    ],
)
def test_wrong_recipes(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BoxRecipe(**settings)
