# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.types import ProposalEmbeddings


@pytest.fixture
def selector(parts: ModelParts) -> MaskSelector:
    return parts.selector


def inputs(samples: int, proposals: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.randn(samples, proposals, 32),
        torch.rand(samples, proposals, 4),
        torch.randn(samples, 24),
    )


def test_scores_are_in_their_ranges(selector: MaskSelector) -> None:
    iou_score, iop = selector(*inputs(3, 6))
    assert iou_score.shape == iop.shape == (3, 6)
    assert iou_score.abs().max() <= 1
    assert iop.min() >= 0
    assert iop.max() <= 1


def test_padding_changes_nothing(selector: MaskSelector) -> None:
    features, boxes, hidden = inputs(2, 6)
    valid = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    padded = selector(features, boxes, hidden, valid)
    alone = selector(features[:1, :4], boxes[:1, :4], hidden[:1])
    for with_padding, without in zip(padded, alone, strict=True):
        torch.testing.assert_close(with_padding[0, :4], without[0], atol=1e-5, rtol=0)


def test_no_proposal(selector: MaskSelector) -> None:
    iou_score, iop = selector(*inputs(2, 0))
    assert iou_score.shape == iop.shape == (2, 0)
    nothing = ProposalEmbeddings(torch.empty(0, 32), torch.empty(0, 4))
    scores = selector.score(selector.embed_proposals(nothing), torch.randn(2, 24))
    assert scores.iop.shape == (2, 0)


def test_score_of_an_image_equals_the_batch(selector: MaskSelector) -> None:
    features, boxes, _ = inputs(1, 5)
    hidden = torch.randn(3, 24)
    known = selector.embed_proposals(ProposalEmbeddings(features[0], boxes[0]))
    scores = selector.score(known, hidden)
    iou_score, iop = selector(features.expand(3, -1, -1), boxes.expand(3, -1, -1), hidden)
    torch.testing.assert_close(scores.iou_score, iou_score, atol=1e-6, rtol=0)
    torch.testing.assert_close(scores.iop, iop, atol=1e-6, rtol=0)
    assert (scores.iop[0] - scores.iop[1]).abs().max() > 1e-4


def test_questions_about_several_images_are_scored_as_if_each_were_alone(
    selector: MaskSelector,
) -> None:
    features, boxes, _ = inputs(2, 6)
    hidden, image = torch.randn(5, 24), torch.tensor([0, 1, 1, 0, 1])
    valid = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    found = selector.score_questions(features, boxes, valid, hidden, image)
    alone = selector(features[image], boxes[image], hidden, valid[image])
    for score, wanted in zip(found, alone, strict=True):
        assert score.shape == (5, 6)
        torch.testing.assert_close(score, wanted)


def test_place_counts_only_with_a_box_encoding(selector: MaskSelector) -> None:
    blind = MaskSelector(replace(selector.config, box_encoding=False))
    features, boxes, hidden = inputs(1, 5)
    for network, differs in ((selector, True), (blind, False)):
        one, other = network(features, boxes, hidden)[1], network(features, 1 - boxes, hidden)[1]
        assert bool((one - other).abs().max() > 1e-5) == differs


def test_without_fusion_proposals_do_not_see_each_other(selector: MaskSelector) -> None:
    lonely = MaskSelector(replace(selector.config, use_fusion=False))
    features, boxes, hidden = inputs(1, 5)
    together, alone = (
        lonely(features, boxes, hidden)[1],
        lonely(features[:, :1], boxes[:, :1], hidden),
    )
    torch.testing.assert_close(together[:, :1], alone[1])
    assert (lonely(features, boxes, -hidden)[1] - together).abs().max() > 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_weights_take_any_input(selector: MaskSelector, dtype: torch.dtype) -> None:
    features, boxes, hidden = inputs(2, 5)
    half = copy.deepcopy(selector).to(dtype)
    iou_score, iop = half(features, boxes, hidden)
    assert iou_score.dtype == iop.dtype == torch.float32
    torch.testing.assert_close(iop, selector(features, boxes, hidden)[1], atol=0.05, rtol=0)
