# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch

from llmseg_core.proposals.box_nms import box_nms


def test_best_first_and_ties_in_order() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 9], [20, 20, 30, 30.0]])
    scores = torch.tensor([0.5, 0.9, 0.8, 0.5])
    assert box_nms(boxes, scores, 0.7).tolist() == [1, 2, 3]
    assert box_nms(boxes, scores, 0.95).tolist() == [1, 2, 0, 3]


def test_an_overlap_at_the_threshold_stays() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 5.0]])
    assert box_nms(boxes, torch.tensor([1.0, 0.5]), 0.5).tolist() == [0, 1]
    assert box_nms(boxes, torch.tensor([1.0, 0.5]), 0.49).tolist() == [0]


def test_a_suppressed_box_suppresses_none() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10.0]])
    assert box_nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.3).tolist() == [0, 2]


def test_boxes_without_area_do_not_overlap() -> None:
    assert box_nms(torch.zeros(3, 4), torch.ones(3), 0.0).tolist() == [0, 1, 2]


def test_no_box() -> None:
    assert box_nms(torch.zeros(0, 4), torch.zeros(0), 0.7).shape == (0,)
