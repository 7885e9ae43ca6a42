# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.literal_scene import BOOK_BOX, MUG_BOX, literal_scene
from llmseg_training.embedded.sam_data import (
    MASK_CELL,
    SamDataset,
    augment_scene,
    collate_sam,
    dense_targets,
    draw_points,
)
from llmseg_training.scenes import TABLE_ID

SIZE = 64


def dataset(seed: int = 0, augment: bool = False, points: int = 6) -> SamDataset:
    return SamDataset([literal_scene()] * 3, SIZE, points, augment, seed)


def test_points_lie_on_their_instance() -> None:
    instances = literal_scene().instances
    points, ids = draw_points(instances, 500, np.random.default_rng(0))
    assert points.shape == (500, 2)
    x, y = points.astype(int).T
    assert np.array_equal(instances[y, x], ids)


def test_objects_are_drawn_alike_whatever_their_size() -> None:
    _, ids = draw_points(literal_scene().instances, 4000, np.random.default_rng(0))
    shares = {number: float(np.mean(ids == number)) for number in (0, TABLE_ID, 1, 2)}
    # Four of five fall on one of the two objects; the rest fall anywhere, by area.
    anywhere = {0: 1 / 3, TABLE_ID: 2 / 3 - (256 + 384) / 3072, 1: 256 / 3072, 2: 384 / 3072}
    for number, share in shares.items():
        wanted = 0.2 * anywhere[number] + (0.4 if number in (1, 2) else 0)
        assert share == pytest.approx(wanted, abs=0.03)


def test_an_empty_table_has_points_too() -> None:
    instances = np.full((20, 30), TABLE_ID, dtype=np.uint8)
    points, ids = draw_points(instances, 50, np.random.default_rng(0))
    assert (ids == TABLE_ID).all()
    assert (points < (30, 20)).all()
    assert (points >= 0).all()


def test_crumbs_are_no_objects() -> None:
    instances = np.full((100, 100), TABLE_ID, dtype=np.uint8)
    instances[50, 50:60] = 1  # ten pixels
    _, ids = draw_points(instances, 200, np.random.default_rng(0))
    assert np.mean(ids == TABLE_ID) > 0.95


def test_a_sample_is_decided_by_seed_index_and_pass() -> None:
    data = dataset(seed=1, augment=True)
    first = data[0]
    assert torch.equal(first.points, dataset(seed=1, augment=True)[0].points)
    assert torch.equal(first.pixel_values, data[0].pixel_values)
    assert not torch.equal(first.points, data[1].points)
    assert not torch.equal(first.points, dataset(seed=2, augment=True)[0].points)
    data.set_epoch(1)
    assert not torch.equal(first.points, data[0].points)
    data.set_epoch(0)
    assert torch.equal(first.points, data[0].points)


@pytest.mark.parametrize("augment", [False, True])
def test_each_mask_is_what_lies_under_its_point(augment: bool) -> None:
    data = dataset(augment=augment, points=20)
    for epoch in range(5):
        data.set_epoch(epoch)
        sample = data[0]
        assert sample.pixel_values.shape == (3, SIZE, SIZE)
        assert sample.masks.shape == (20, SIZE // MASK_CELL, SIZE // MASK_CELL)
        x, y = (sample.points / MASK_CELL).long().T
        assert (sample.masks[torch.arange(20), y, x] > 0).all()
        assert ((sample.masks >= 0) & (sample.masks <= 1)).all()


def test_masks_have_the_area_of_their_instance() -> None:
    areas = (dataset(points=40)[0].masks.sum((1, 2)) * MASK_CELL**2).unique().tolist()
    whole = {1024.0, 2048.0 - 256 - 384, 256.0, 384.0}  # background, table, mug, book
    assert set(areas) <= whole
    assert {256.0, 384.0} <= set(areas)


def test_dense_targets_show_the_way_to_the_middle() -> None:
    dense = dataset()[0].dense
    objects, table = dense[0], dense[1]
    assert objects.sum() * 4 == 256 + 384
    assert table.sum() * 4 == 2048 - 256 - 384
    assert not (objects * table).any()
    for left, top, right, bottom in (MUG_BOX, BOOK_BOX):
        for x, y in ((left, top), (right - 2, bottom - 2), (left + 6, top + 2)):
            cell_x, cell_y = x // MASK_CELL, y // MASK_CELL
            offset = dense[2:, cell_y, cell_x] * 32 / MASK_CELL
            middle = ((left + right) / 2 - 1) / MASK_CELL, ((top + bottom) / 2 - 1) / MASK_CELL
            assert (offset + torch.tensor((cell_x, cell_y))).tolist() == pytest.approx(middle)
    assert not dense[2:, objects == 0].any()


def test_dense_targets_of_padding_are_empty() -> None:
    labels = torch.full((8, 8), -1)
    labels[:4] = TABLE_ID
    dense = dense_targets(labels)
    assert dense[1, :4].all()
    assert not dense[:, 4:].any()


def test_augmentation_keeps_image_and_instances_together() -> None:
    scene = literal_scene()
    shapes = set()
    for seed in range(20):
        image, instances = augment_scene(scene.image, scene.instances, np.random.default_rng(seed))
        shapes.add(instances.shape)
        assert image.shape == (*instances.shape, 3)
        red, blue = image[..., 0].astype(int), image[..., 2].astype(int)
        assert np.array_equal(red > 3 * blue, instances == 1)
        assert np.array_equal(blue > 3 * red, instances == 2)
    assert len(shapes) > 5  # some are cropped
    assert all(rows >= 36 and columns >= 48 for rows, columns in shapes)


def test_samples_are_stacked() -> None:
    data = dataset()
    batch = collate_sam([data[0], data[1]])
    assert batch.pixel_values.shape == (2, 3, SIZE, SIZE)
    assert batch.points.shape == (2, 6, 2)
    assert batch.masks.shape == (2, 6, 32, 32)
    assert torch.equal(batch.dense[1], data[1].dense)
