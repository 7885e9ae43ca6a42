# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from llmseg_core import Proposals, Segmentation
from llmseg_core.masks import masks_to_boxes
from llmseg_core.types import (
    Candidates,
    ImagePrefix,
    ProposalEmbeddings,
    ProposalScores,
    SegEmbedding,
    Selection,
)

MASKS = torch.tensor(
    [
        [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]],
        [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    ],
    dtype=torch.bool,
)


def test_boxes_hold_the_outermost_pixels() -> None:
    assert masks_to_boxes(MASKS).tolist() == [[1, 1, 2, 2], [0, 0, 3, 2], [0, 0, 0, 0]]
    assert masks_to_boxes(MASKS[:0]).shape == (0, 4)


def test_proposals_are_filtered_by_indexing() -> None:
    proposals = Proposals.from_masks(MASKS)
    assert proposals.areas_px.tolist() == [3, 12, 0]
    assert proposals.image_size == (3, 4)
    assert proposals[torch.tensor([1, 0])].areas_px.tolist() == [12, 3]
    assert proposals[proposals.areas_px > 3].boxes_px.tolist() == [[0, 0, 3, 2]]
    assert proposals.largest(2).areas_px.tolist() == [12, 3]
    assert len(proposals[:0]) == len(Proposals.empty((3, 4))) == 0


def test_wrong_shapes_and_dtypes_are_refused() -> None:
    proposals = Proposals.from_masks(MASKS)
    fields = (proposals.boxes_px, proposals.predicted_iou, proposals.stability, proposals.points)
    with pytest.raises(ValueError, match=r"masks has dtype torch.uint8"):
        Proposals(MASKS.to(torch.uint8), *fields)
    with pytest.raises(ValueError, match=r"boxes_px has shape \(3, 4\), it must be \(2, 4\)"):
        Proposals(MASKS[:2], *fields)
    with pytest.raises(ValueError, match=r"features has shape \(2,\)"):
        ProposalEmbeddings(torch.zeros(2), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="iop has shape"):
        ProposalScores(torch.zeros(1, 3), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="vectors has shape"):
        SegEmbedding(torch.zeros(3))
    with pytest.raises(ValueError, match="as many keys as values"):
        ImagePrefix((), ())


def test_scores_of_one_instruction() -> None:
    scores = ProposalScores(torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.zeros(2, 2))
    torch.testing.assert_close(scores[1].iou_score, torch.tensor([[0.3, 0.4]]))
    assert scores.to("cpu").iop.shape == (2, 2)


def test_box_of_an_answer() -> None:
    def answer(mask: np.ndarray) -> Segmentation:
        none, areas = torch.zeros(0), torch.zeros(0, dtype=torch.int64)
        masks = torch.zeros((0, *mask.shape), dtype=torch.bool)
        candidates = Candidates(masks, torch.zeros(0, 4), areas, none, none)
        return Segmentation("cup", mask, Selection((), 0.0), candidates)

    assert answer(MASKS[0].numpy()).box_px == (1, 1, 2, 2)
    assert answer(MASKS[2].numpy()).box_px is None
    timed = answer(MASKS[0].numpy()).with_timings({"a": 1.0}, 0.5)
    assert timed.timings_ms == {"a": 1.0}
    assert timed.total_ms == 0.5
