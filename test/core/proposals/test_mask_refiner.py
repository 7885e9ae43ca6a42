# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.proposals.mask_refiner import (
    LEAST_MARGIN,
    MARGIN,
    OUTSIDE,
    WINDOW,
    MaskRefiner,
    RefinedMasks,
    in_input,
    in_windows,
    mask_windows,
    pooled,
)

PIXELS = torch.rand((3, 64, 64), generator=torch.Generator().manual_seed(0))
IOU = torch.tensor([0.9, 0.4, 0.1])


@pytest.fixture
def low() -> Tensor:
    """Logits of 2 pixels a cell, of the input's upper three quarters: two boxes and nothing."""
    low = torch.full((3, 24, 32), -6.0)
    low[0, 4:12, 8:20] = 5.0
    low[1, 20:24, 0:2] = 5.0
    return low


@pytest.fixture
def refiner() -> MaskRefiner:
    torch.manual_seed(0)
    return MaskRefiner(8).eval()


def test_a_window_lies_about_its_mask(low: Tensor) -> None:
    across, down = MARGIN * 24 + LEAST_MARGIN, MARGIN * 16 + LEAST_MARGIN
    first = torch.tensor([16 - across, 8 - down, 40 + across, 24 + down])
    windows = mask_windows(low, 2.0)
    torch.testing.assert_close(windows[0], first)
    assert windows[1][0] < 0  # beyond the image's edge
    across, down = MARGIN * 64 + LEAST_MARGIN, MARGIN * 48 + LEAST_MARGIN
    torch.testing.assert_close(windows[2], torch.tensor([-across, -down, 64 + across, 48 + down]))


def test_a_window_shows_what_lies_in_it() -> None:
    ramp = torch.arange(32.0).expand(1, 1, 24, 32) * 2 + 1  # the input's x at each cell's middle
    window = torch.tensor([[10.0, 4.0, 42.0, 36.0]])
    shown = in_windows(ramp, window, 2.0)
    steps = 10 + (torch.arange(WINDOW) + 0.5) / WINDOW * 32
    torch.testing.assert_close(shown[0, 0], steps.expand(WINDOW, WINDOW))


def test_which_cells_lie_in_the_input() -> None:
    shown = in_input(torch.tensor([[-32.0, -16.0, 32.0, 48.0], [8.0, 8.0, 40.0, 40.0]]), 64, 64)
    assert shown.shape == (2, WINDOW, WINDOW)
    assert shown[0, 16:, 32:].all()
    assert shown[0].sum() == (WINDOW - 16) * (WINDOW - 32)
    assert shown[1].all()


def test_a_refiner_that_adds_nothing_changes_nothing(low: Tensor, refiner: MaskRefiner) -> None:
    torch.nn.init.zeros_(refiner.leave.weight)
    torch.nn.init.zeros_(refiner.leave.bias)
    drawn = refiner(PIXELS, low, 2.0, IOU).drawn(48, 64, 1.0)
    finer = F.interpolate(low[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0]
    assert drawn.shape == (3, 48, 64)
    assert ((drawn > 0) != (finer > 0)).float().mean() < 0.005
    assert (drawn[0, 40:] == OUTSIDE).all()
    assert not (drawn[2] > 0).any()


def test_a_mask_that_would_vanish_stays(low: Tensor, refiner: MaskRefiner) -> None:
    torch.nn.init.zeros_(refiner.leave.weight)
    torch.nn.init.constant_(refiner.leave.bias, -100.0)
    drawn = refiner(PIXELS, low, 2.0, IOU).drawn(24, 32, 2.0)
    assert ((drawn > 0) != (low > 0)).float().mean() < 0.01


def test_each_mask_is_refined_by_itself(low: Tensor, refiner: MaskRefiner) -> None:
    together = refiner(PIXELS, low, 2.0, IOU)
    alone = refiner(PIXELS, low[:1], 2.0, IOU[:1])
    torch.testing.assert_close(together.logits[:1], alone.logits)
    torch.testing.assert_close(together.iou[:1], alone.iou)
    other = refiner(1 - PIXELS, low, 2.0, IOU)
    assert not torch.allclose(other.logits, together.logits, atol=1e-3)


def test_sharper_pixels_are_looked_at_in_the_same_places(low: Tensor) -> None:
    def ramp(sharpness: int) -> Tensor:
        places = (torch.arange(64.0 * sharpness) + 0.5) / sharpness
        x, y = torch.meshgrid(places, places, indexing="xy")
        return torch.stack((x, y, x + y))

    inside = low[:1]  # a window without the edges, where the ramps end otherwise
    torch.manual_seed(0)
    once, twice = MaskRefiner(8).eval(), MaskRefiner(8, sharpness=2).eval()
    twice.load_state_dict(once.state_dict())
    expected = once(ramp(1) / 64, inside, 2.0, IOU[:1]).logits
    torch.testing.assert_close(twice(ramp(2) / 64, inside, 2.0, IOU[:1]).logits, expected)
    other = twice(ramp(1) / 64, inside, 2.0, IOU[:1]).logits
    assert not torch.allclose(other, expected)


def test_its_iou_is_read_from_the_mask_and_what_it_shows(low: Tensor) -> None:
    torch.manual_seed(0)
    refiner = MaskRefiner(8, iou_dim=16).eval()
    seen: list[Tensor] = []
    refiner.iou_head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    torch.nn.init.zeros_(refiner.leave.weight)
    torch.nn.init.zeros_(refiner.leave.bias)
    with torch.no_grad():
        refined = refiner(PIXELS, low, 2.0, IOU)
    assert seen[0].shape == (3, refiner.described)
    left, top, right, bottom, width, height, filled, stable, sure, edge, sam = seen[0][:, 24:].T
    torch.testing.assert_close(torch.stack((left, top, right, bottom), 1), refined.windows / 64)
    torch.testing.assert_close(width, (right - left).log())
    torch.testing.assert_close(height, (bottom - top).log())
    area = (right - left) * (bottom - top) * 64**2
    assert (filled * area)[0] == pytest.approx(24 * 16, rel=0.05)
    assert filled[2] == 0
    assert stable[0] > 0.8  # all logits but those between the box and its surroundings are clear
    assert ((sure > 1) & (sure <= 2) & (edge > 0) & (edge < 1)).all()
    assert torch.equal(sam, IOU)
    with torch.no_grad():
        less = refiner(PIXELS, low, 2.0, IOU - 0.1)
    assert torch.equal(less.logits, refined.logits)
    assert not torch.equal(less.iou, refined.iou)


def test_each_pass_looks_at_what_the_one_before_made(low: Tensor) -> None:
    torch.manual_seed(0)
    once, twice = MaskRefiner(8).eval(), MaskRefiner(8, passes=2).eval()
    twice.load_state_dict(once.state_dict())
    with torch.no_grad():
        first, _ = once.finer(PIXELS, low, 2.0, IOU)
        expected = once.finer(PIXELS, first, 1.0, IOU)[1]
        second = once(PIXELS, first, 1.0, IOU).drawn(48, 64, 1.0)
        drawn, iou = twice.finer(PIXELS, low, 2.0, IOU)
    assert drawn.shape == (3, 48, 64)
    assert torch.equal(drawn, second)
    assert torch.equal(iou, expected)
    assert not torch.equal(drawn, first)


def test_what_is_inside_at_the_edge_and_outside_is_told_apart() -> None:
    logits = torch.full((1, WINDOW, WINDOW), -10.0)
    logits[:, :, :32] = 10.0
    hidden = torch.zeros((1, 2, WINDOW // 2, WINDOW // 2))
    hidden[:, 0, :, :16], hidden[:, 1, :, 16:] = 3.0, 5.0
    inside, edge, outside = pooled(hidden, logits)[0].split(2)
    assert inside.tolist() == [3.0, 0.0]
    assert outside.tolist() == [0.0, 5.0]
    assert edge.tolist() == pytest.approx([1.5, 2.5])


def test_no_mask_at_all(refiner: MaskRefiner) -> None:
    refined = refiner(PIXELS, torch.zeros((0, 24, 32)), 2.0, IOU[:0])
    assert refined.drawn(48, 64, 1.0).shape == (0, 48, 64)
    assert refined.iou.shape == (0,)


def test_a_grid_of_any_size_can_be_drawn() -> None:
    logits = torch.full((1, WINDOW, WINDOW), 3.0)
    masks = RefinedMasks(torch.tensor([[8.0, 16.0, 24.0, 40.0]]), logits, torch.zeros(1))
    for cell in (0.5, 1.0, 2.0):
        side = round(64 / cell)
        inside = masks.drawn(side, side, cell)[0] > 0
        assert inside.sum() * cell**2 == 16 * 24
        rows, columns = inside.nonzero(as_tuple=True)
        assert (int(columns.min()) * cell, int(rows.min()) * cell) == (8, 16)
