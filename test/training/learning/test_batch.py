# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from llmseg_training.learning.batch import ProposalBatch, ProposalSample, collate_proposals

CHANNELS = 5


def sample(proposals: int, questions: int, first: int = 0) -> ProposalSample:
    """One image whose numbers all differ, from `first` on."""

    def numbers(*shape: int) -> torch.Tensor:
        count = int(np.prod(shape))
        return torch.arange(first + 1, first + 1 + count, dtype=torch.float32).view(shape)

    return ProposalSample(
        boxes_rel=numbers(proposals, 4),
        pixel_values=numbers(1, 3, 2, 2),
        target_iou=numbers(questions, proposals),
        target_iop=-numbers(questions, proposals),
        questions=tuple(f"question {first + row}" for row in range(questions)),
        answers=tuple(f"answer {first + row}" for row in range(questions)),
        features=numbers(proposals, CHANNELS),
    )


def unpooled(proposals: int, size: int) -> ProposalSample:
    """One image of `size` x `size` pixels whose features are to be pooled."""
    image = np.full((size, size, 3), size, np.uint8)
    weights = torch.full((proposals, 4), float(size))
    return replace(sample(proposals, 1), features=None, image=image, weights=weights)


def test_samples_are_padded_to_the_most_proposals() -> None:
    samples = [sample(2, 1), sample(3, 2, 100), sample(0, 1, 200)]
    batch = collate_proposals(samples)
    assert batch.valid.tolist() == [[True, True, False], [True] * 3, [False] * 3]
    assert batch.image_index.tolist() == [0, 1, 1, 2]
    assert batch.question_valid.tolist() == [batch.valid[i].tolist() for i in (0, 1, 1, 2)]
    assert batch.questions == ("question 0", "question 100", "question 101", "question 200")
    assert batch.answers == ("answer 0", "answer 100", "answer 101", "answer 200")
    for name in ("boxes_rel", "features"):
        padded = getattr(batch, name)
        for index, each in enumerate(samples):
            count = len(each.boxes_rel)
            assert torch.equal(padded[index, :count], getattr(each, name)), name
            assert not padded[index, count:].any(), name
    for name in ("target_iou", "target_iop"):
        rows = getattr(batch, name)
        assert torch.equal(rows[0, :2], getattr(samples[0], name)[0])
        assert torch.equal(rows[1:3], getattr(samples[1], name))
        assert not rows[0, 2:].any()
        assert not rows[3].any()
    assert torch.equal(batch.pixel_values[2:], samples[2].pixel_values)


def test_no_proposal_at_all_is_one_padded_column() -> None:
    batch = collate_proposals([sample(0, 2)])
    assert batch.features.shape == (1, 1, CHANNELS)
    assert not batch.valid.any()
    assert batch.target_iou.shape == (2, 1)


def test_an_image_that_nothing_is_asked_about_has_no_row() -> None:
    batch = collate_proposals([sample(2, 1), sample(2, 0), sample(2, 1)])
    assert batch.image_index.tolist() == [0, 2]


def test_images_go_along_until_their_features_are_pooled() -> None:
    batch = collate_proposals([unpooled(1, 3), unpooled(2, 4)])
    assert batch.features is None
    assert [image.shape for image in batch.images] == [(3, 3, 3), (4, 4, 3)]
    assert batch.weights[:, :, 0].tolist() == [[3, 0], [4, 4]]
    pooled = batch.with_features(torch.ones(2, 2, CHANNELS))
    assert pooled.images == ()
    assert pooled.weights is None
    assert torch.equal(pooled.boxes_rel, batch.boxes_rel)


@pytest.mark.parametrize("samples", [[sample(2, 1)], [unpooled(2, 3)]])
def test_all_tensors_of_a_batch_move(samples: list[ProposalSample]) -> None:
    batch = collate_proposals(samples)
    moved = batch.to("meta")
    for name, value in vars(batch).items():
        there = getattr(moved, name)
        if isinstance(value, torch.Tensor):
            assert there.device.type == "meta", name
            assert (there.shape, there.dtype) == (value.shape, value.dtype), name
        else:
            assert there is value, name


def good() -> ProposalBatch:
    return collate_proposals([sample(2, 1), sample(3, 2)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"boxes_rel": torch.zeros(2, 3, 5)}, r"boxes_rel is \(2, 3, 5\).*it must be \(2, 3, 4\)"),
        ({"features": torch.zeros(2, 4, 5)}, r"features is \(2, 4, 5\).*must be \(2, 3, 5\)"),
        ({"target_iou": torch.zeros(2, 3)}, r"target_iou is \(2, 3\).*must be \(3, 3\)"),
        ({"target_iop": torch.zeros(3, 3).half()}, r"float16, it must be .* torch\.float32"),
        ({"image_index": torch.zeros(3)}, r"image_index is \(3,\) torch\.float32"),
        (
            {"boxes_rel": torch.zeros(2, 3, 4, device="meta")},
            "boxes_rel is on meta, valid is on cpu",
        ),
        ({"questions": ("one",)}, "there are 1 questions for 3 questions"),
        ({"answers": ()}, "there are 0 answers for 3 questions"),
        ({"meanings": ("one",)}, "there are 1 meanings for 3 questions"),
        ({"features": None}, "features, or images and weights"),
        ({"images": (np.zeros((2, 2, 3)),) * 2}, "features, or images and weights"),
    ],
)
def test_what_does_not_fit_together_is_no_batch(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(good(), **change)
