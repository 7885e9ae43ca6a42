# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from helpers.original_sam import segment_anything
from llmseg_core.proposals.crops import Crop, image_crops, near_inner_edge

AMG = segment_anything.utils.amg


@pytest.mark.parametrize("size", [(480, 640), (150, 97), (31, 33), (1080, 1920)])
@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("overlap", [512 / 1500, 0.0, 0.6])
def test_crops_are_those_of_the_original(
    size: tuple[int, int], layers: int, overlap: float
) -> None:
    boxes, numbers = AMG.generate_crop_boxes(size, layers, overlap)
    crops = image_crops(*size, layers, overlap)
    assert [[c.left, c.top, c.right, c.bottom] for c in crops] == boxes
    assert [crop.layer for crop in crops] == numbers


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 3)])
def test_no_crop_is_empty(size: tuple[int, int]) -> None:
    crops = image_crops(*size, 2, 512 / 1500)
    assert crops[0] == Crop(0, 0, size[1], size[0], 0)
    assert min(crop.area for crop in crops) >= 1


def test_near_edges_are_those_of_the_original() -> None:
    crop = Crop(40, 0, 120, 70, 1)
    corners = torch.randint(0, 80, (500, 2)), torch.randint(0, 80, (500, 2))
    boxes = torch.cat((torch.minimum(*corners), torch.maximum(*corners)), 1)
    expected = AMG.is_box_near_crop_edge(boxes, [40, 0, 120, 70], [0, 0, 160, 100])
    moved = boxes + torch.tensor([40, 0, 40, 0])
    assert torch.equal(near_inner_edge(moved.float(), crop, 100, 160), expected)
    assert 0 < int(expected.sum()) < 500


def test_the_image_has_no_inner_edge() -> None:
    boxes = torch.tensor([[0.0, 0, 99, 79], [3, 4, 50, 60]])
    assert not near_inner_edge(boxes, Crop(0, 0, 100, 80, 0), 80, 100).any()
