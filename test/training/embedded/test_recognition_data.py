# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from helpers.literal_scene import literal_scene
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_training.embedded.recognition_data import (
    COLOUR_NAMES,
    RecognitionDataset,
    class_names,
    collate_recognition,
    patch_geometry,
    patch_owners,
    roughen,
)
from llmseg_training.scenes import TABLE_ID, Scene

CELLS = 8
T = TABLE_ID


def dataset(seed: int = 0, augment: bool = False, scene: Scene | None = None) -> RecognitionDataset:
    scenes = [scene or literal_scene()] * 2
    return RecognitionDataset(scenes, 64, CELLS, 16, augment, seed)


def test_each_patch_belongs_to_what_fills_most_of_it() -> None:
    owners = patch_owners(literal_scene().instances, CELLS).reshape(CELLS, CELLS)
    assert owners.tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [T, 1, 1, T, T, T, T, T],
        [T, 1, 1, T, 2, 2, 2, T],
        [T, T, T, T, 2, 2, 2, T],
        [T, T, T, T, T, T, T, T],
        [-1, -1, -1, -1, -1, -1, -1, -1],  # the padding below the image
        [-1, -1, -1, -1, -1, -1, -1, -1],
    ]


def test_a_patch_without_majority_belongs_to_none() -> None:
    crowd = np.repeat(np.array([1, 1, 2, 2, 3], dtype=np.uint8)[None], 5, axis=0)
    assert patch_owners(crowd, 1).tolist() == [-1]
    assert patch_owners(np.where(crowd == 2, 1, crowd), 1).tolist() == [1]


def test_patches_know_the_box_of_their_object() -> None:
    instances = literal_scene().instances
    is_object = np.zeros(256, dtype=bool)
    is_object[[1, 2]] = True
    owners = patch_owners(instances, CELLS)
    geometry = patch_geometry(instances, owners, is_object, CELLS) * 8
    assert geometry.shape == (CELLS**2, 4)
    on_object = (owners == 1) | (owners == 2)
    assert np.array_equal(geometry.isnan().any(1).numpy(), ~on_object)
    # The mug's box is 2 x 2 patches about (2, 3.5); its first patch has its middle at (1.5, 2.5).
    assert geometry[2 * CELLS + 1].tolist() == pytest.approx([0.5, 1.0, 2, 2])
    # The book's is 3 x 2 about (6, 4); its last patch has its middle at (6.5, 4.5).
    assert geometry[4 * CELLS + 6].tolist() == pytest.approx([-0.5, -0.5, 3, 2])


def test_padding_comes_last_where_the_encoder_is_not_to_see_it() -> None:
    scenes = [literal_scene()] * 2  # 6 rows of 8 patches
    for skips, inside in ((False, 64), (True, 48)):
        data = RecognitionDataset(scenes, 64, CELLS, 16, True, 0, skip_padding=skips)
        sample = data[0]
        assert int(sample.inside) == inside
        assert sorted(sample.order.tolist()) == list(range(64))
        assert (sample.order[:inside] < inside).all()
        assert collate_recognition([sample, data[1]]).inside.tolist() == [inside] * 2


def test_roughened_masks_are_other_masks_of_the_same_thing() -> None:
    changed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        mask = np.zeros((60, 80), dtype=bool)
        width, height = rng.integers(6, 40, 2)
        mask[10 : 10 + height, 10 : 10 + width] = True
        rough = roughen(mask, rng)
        assert rough.shape == mask.shape
        assert rough.dtype == bool
        assert rough.sum() >= 30
        assert not (rough & ~(cv2.dilate(mask.astype(np.uint8), np.ones((7, 7))) > 0)).any()
        assert (rough & mask).any()
        changed += not np.array_equal(rough, mask)
    assert 100 < changed < 180


def test_thin_masks_do_not_vanish() -> None:
    thin = np.zeros((20, 60), dtype=bool)
    thin[10, 5:40] = True
    for seed in range(100):
        assert roughen(thin, np.random.default_rng(seed)).sum() >= 14


def test_a_sample_names_what_is_there() -> None:
    scene, sample = literal_scene(), dataset()[0]
    assert [class_names()[i] for i in sample.categories] == ["background", "mug", "book", "table"]
    assert sample.colours.tolist() == [
        -100,
        COLOUR_NAMES.index("red"),
        COLOUR_NAMES.index("blue"),
        -100,
    ]
    masks = torch.stack([torch.from_numpy(scene.instances == number) for number in (0, 1, 2, T)])
    assert torch.equal(sample.weights, proposal_weights(masks, (CELLS, CELLS), 16))
    patches = sample.patches.reshape(CELLS, CELLS)
    assert class_names()[patches[3, 1]] == "mug"
    assert class_names()[patches[3, 5]] == "book"
    assert (patches[6:] == -100).all()
    assert sample.pixel_values.shape == (3, 64, 64)


def test_patches_with_objects_come_first() -> None:
    sample = dataset()[0]
    assert sorted(sample.order.tolist()) == list(range(CELLS**2))
    shown = sample.weights[1:3].sum(0) > 0
    count = int(shown.sum())
    assert 14 <= count < CELLS**2
    assert shown[sample.order[:count]].all()


def test_objects_too_hidden_to_be_listed_have_no_name() -> None:
    scene = literal_scene()
    sample = dataset(scene=replace(scene, objects=scene.objects[:1]))[0]
    assert [class_names()[i] for i in sample.categories] == ["background", "mug", "table"]
    assert sample.patches.reshape(CELLS, CELLS)[3, 5] == -100
    assert sample.geometry.reshape(CELLS, CELLS, 4)[3, 5].isnan().all()


def test_a_sample_is_decided_by_seed_index_and_pass() -> None:
    data = dataset(seed=1, augment=True)
    first = data[0]
    for other, same in (
        (dataset(seed=1, augment=True)[0], True),
        (dataset(seed=2, augment=True)[0], False),
        (data[1], False),
    ):
        assert torch.equal(first.pixel_values, other.pixel_values) == same
        assert torch.equal(first.order, other.order) == same
    data.set_epoch(1)
    assert not torch.equal(first.order, data[0].order)


def test_samples_are_stacked() -> None:
    data = dataset(augment=True)
    samples = [data[0], data[1]]
    batch = collate_recognition(samples)
    counts = [len(sample.categories) for sample in samples]
    assert batch.image_index.tolist() == [0] * counts[0] + [1] * counts[1]
    assert torch.equal(batch.weights[counts[0] :], samples[1].weights)
    for name in ("pixel_values", "patches", "geometry", "order"):
        assert getattr(batch, name).shape[0] == 2
        assert torch.equal(
            getattr(batch, name)[1].nan_to_num(9), getattr(samples[1], name).nan_to_num(9)
        )
