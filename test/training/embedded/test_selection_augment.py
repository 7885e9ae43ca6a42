# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.literal_scene import literal_scene
from llmseg_core import Proposals
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.selection_augment import mirrored, thinned
from llmseg_training.embedded.selection_data import QuestionDraw, SelectionDataset, encode_scene
from llmseg_training.embedded.selection_scene import SelectionScene
from llmseg_training.questions.relations import left_of, right_of

WIDTH = 64


@pytest.fixture(scope="module")
def encoded(parts: ModelParts) -> SelectionScene:
    """The literal scene with its mug, its book, and stripes as proposals."""
    config = parts.config.image_encoder
    encoder = Dinov2Encoder(parts.dinov2, config.image_size)
    scene = literal_scene()
    ids = torch.from_numpy(scene.instances)
    stripes = (torch.arange(WIDTH) // 8 == torch.arange(8)[:, None])[:, None].expand(-1, 48, -1)
    masks = torch.cat((torch.stack((ids == 1, ids == 2)), stripes))
    return encode_scene(
        scene,
        Proposals.from_masks(masks),
        PooledMaskEmbedder(encoder, config.pooling_size),
        SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token).pixel_values,
    )


def test_a_mirror_swaps_left_and_right(encoded: SelectionScene) -> None:
    mug, book = encoded.objects
    assert left_of(mug, book)
    other = mirrored(encoded, WIDTH)
    assert right_of(*other.objects)
    assert not left_of(*other.objects)


def test_a_mirrored_scene_is_the_scene_of_the_mirrored_image(
    encoded: SelectionScene, parts: ModelParts
) -> None:
    scene = literal_scene()
    flipped = np.ascontiguousarray(scene.instances[:, ::-1])
    masks = torch.stack([torch.from_numpy(flipped == number) for number in (1, 2)])
    config = parts.config.image_encoder
    fresh = encode_scene(
        replace(scene, image=np.ascontiguousarray(scene.image[:, ::-1]), instances=flipped),
        Proposals.from_masks(masks),
        PooledMaskEmbedder(Dinov2Encoder(parts.dinov2, config.image_size), config.pooling_size),
        SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token).pixel_values,
    )
    other = mirrored(encoded, WIDTH)
    assert torch.equal(other.features[:2], fresh.features)
    assert not torch.equal(other.features[:2], encoded.features[:2])
    assert torch.allclose(other.boxes[:2], fresh.boxes, atol=1e-6)
    assert torch.equal(other.overlaps.shared[:2], fresh.overlaps.shared)
    # The resizing may round half a level in the other direction.
    assert torch.allclose(other.pixel_values.float(), fresh.pixel_values.float(), atol=0.05)
    for item in other.objects:
        left, top, right, bottom = item.box
        rows, columns = np.nonzero(flipped == item.id)
        assert (left, top) == (columns.min(), rows.min())
        assert (right, bottom) == (columns.max() + 1, rows.max() + 1)


def test_two_mirrors_show_the_scene_itself(encoded: SelectionScene) -> None:
    twice = mirrored(mirrored(encoded, WIDTH), WIDTH)
    assert twice.objects == encoded.objects
    assert torch.equal(twice.features, encoded.features)
    assert torch.allclose(twice.boxes, encoded.boxes, atol=1e-6)
    assert torch.equal(twice.pixel_values, encoded.pixel_values)


def test_thinned_proposals_stay_themselves(encoded: SelectionScene) -> None:
    counts = set()
    for seed in range(50):
        thin = thinned(encoded, np.random.default_rng(seed))
        count = len(thin.boxes)
        counts.add(count)
        assert 1 <= count <= 10
        assert len(thin.features) == len(thin.overlaps.areas) == len(thin.overlaps.shared) == count
        rows = [
            next(k for k in range(10) if torch.equal(encoded.boxes[k], box)) for box in thin.boxes
        ]
        assert rows == sorted(rows)
        assert torch.equal(thin.features, encoded.features[rows])
        assert torch.equal(thin.mirror_features, encoded.mirror_features[rows])
        assert torch.equal(thin.overlaps.iou([1, 2]), encoded.overlaps.iou([1, 2])[rows])
    assert {10, 7} <= counts


def test_one_proposal_is_never_lost(encoded: SelectionScene) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert len(thinned(encoded, rng, most=1.0).boxes) >= 1
    none = replace(encoded, features=encoded.features[:0], boxes=encoded.boxes[:0])
    assert thinned(none, np.random.default_rng(0)) is none


def test_the_data_set_varies_its_scenes_only_where_it_should(encoded: SelectionScene) -> None:
    draw = QuestionDraw("train", 2)
    plain = SelectionDataset([encoded], draw, seed=0)
    varied = SelectionDataset([encoded], draw, seed=0, augment_width=WIDTH)
    pixels = encoded.pixel_values.float()
    assert torch.equal(plain[0].features, encoded.features.float())
    assert torch.equal(plain[0].pixel_values[0], pixels)
    seen = set()
    for epoch in range(12):
        varied.set_epoch(epoch)
        sample = varied[0]
        mirrors = not torch.equal(sample.pixel_values[0], pixels)
        assert torch.equal(sample.pixel_values[0], pixels.flip(2) if mirrors else pixels)
        seen.add((mirrors, len(sample.boxes_rel)))
        assert torch.equal(sample.boxes_rel, varied[0].boxes_rel)
    assert {same for same, _ in seen} == {True, False}
    assert len({count for _, count in seen}) > 2
