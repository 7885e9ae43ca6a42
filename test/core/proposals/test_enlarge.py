# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmseg_core import Proposals
from llmseg_core.config import ProposalConfig
from llmseg_core.proposals.enlarge import enlarge_mask, enlarge_masks, propose_within_limits


def blob(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    soft = F.interpolate(
        torch.from_numpy(rng.normal(size=(1, 1, 6, 8))), (height, width), mode="bicubic"
    )
    return (soft[0, 0] > 0.4).numpy()


@pytest.mark.parametrize("size", [(96, 128), (97, 131), (300, 400), (641, 479), (96, 700)])
def test_it_is_the_bilinear_resize_cut_at_one_half(size: tuple[int, int]) -> None:
    for seed in range(5):
        mask = blob(96, 128, seed)
        soft = torch.from_numpy(mask)[None, None].double()
        soft = F.interpolate(soft, size, mode="bilinear", align_corners=False)[0, 0].numpy()
        large = enlarge_mask(mask, size)
        assert large.shape == size
        assert large.dtype == bool
        sure = np.abs(soft - 0.5) > 2e-3  # what lies on one half is rounded either way
        assert sure.mean() > 0.97
        np.testing.assert_array_equal(large[sure], (soft > 0.5)[sure])


def test_single_pixels_corners_and_nothing() -> None:
    for place in ((0, 0), (0, 7), (5, 0), (5, 7), (3, 4)):
        mask = np.zeros((6, 8), dtype=bool)
        mask[place] = True
        large = enlarge_mask(mask, (60, 80))
        rows, columns = np.nonzero(large)
        assert abs(rows.mean() - 10 * place[0] - 4.5) < 2.6
        assert abs(columns.mean() - 10 * place[1] - 4.5) < 2.6
    nothing = np.zeros((6, 8), dtype=bool)
    assert not enlarge_mask(nothing, (60, 80)).any()
    assert enlarge_mask(~nothing, (60, 80)).all()
    assert enlarge_mask(mask, (6, 8)) is mask


def test_many_masks() -> None:
    masks = torch.from_numpy(np.stack([blob(48, 64, seed) for seed in range(3)]))
    large = enlarge_masks(masks, (96, 128))
    for one, mask in zip(large, masks, strict=True):
        np.testing.assert_array_equal(one.numpy(), enlarge_mask(mask.numpy(), (96, 128)))
    assert enlarge_masks(masks[:0], (96, 128)).shape == (0, 96, 128)
    assert torch.equal(enlarge_masks(masks, (48, 64)), masks)


def test_boxes_and_points_are_those_of_the_image() -> None:
    mask = torch.zeros((1, 60, 80), dtype=torch.bool)
    mask[0, 15:30, 20:40] = True  # a quarter in, to one half
    seen: list[tuple[int, ...]] = []

    def propose(image: np.ndarray, most: int) -> Proposals:
        seen.append(image.shape)
        return Proposals.from_masks(mask)

    image = np.zeros((600, 800, 3), dtype=np.uint8)
    found = propose_within_limits(propose, image, ProposalConfig(max_image_side=80))
    assert seen == [(60, 80, 3)]
    assert found.image_size == (600, 800)
    assert found.masks.shape == (1, 60, 80)
    assert found.boxes_px.tolist() == [[200.0, 150.0, 399.0, 299.0]]
    assert found.areas_px.tolist() == [200 * 150]
    assert found.points.tolist() == [[295.0, 220.0]]
    assert found[:1].image_size == found.to("cpu").image_size == (600, 800)
