# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor

from llmseg_training.learning.lisa_losses import MaskLosses, MaskLossWeights, mask_losses


def released(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The released code's losses of one mask, in its own numbers (thousands of pixels)."""
    p, t = logits.double().sigmoid().flatten(), target.double().flatten()
    bce = -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    numerator = 2 * (p / 1000 * t).sum() + 1e-6
    denominator = (p / 1000).sum() + (t / 1000).sum() + 1e-6
    return bce, 1 - numerator / denominator


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4, 1.0])
def test_they_are_the_released_ones(share: float) -> None:
    torch.manual_seed(0)
    logits, target = 3 * torch.randn(40, 60), torch.rand(40, 60) < share
    bce, dice = released(logits, target)
    found = mask_losses(logits, target)
    torch.testing.assert_close(found.bce, bce.float(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.dice, dice.float(), atol=1e-5, rtol=1e-5)


def test_ignored_pixels_count_for_nothing() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(8, 8), torch.rand(8, 8) < 0.5
    ignore = torch.zeros(8, 8, dtype=torch.bool)
    ignore[:3] = True
    other = logits.clone()
    other[:3] = 9
    for each in (logits, other):
        found = mask_losses(each, target, ignore)
        wanted = mask_losses(logits[3:], target[3:])
        assert torch.equal(found.bce, wanted.bce)
        assert torch.equal(found.dice, wanted.dice)
    logits.requires_grad_()
    nothing = mask_losses(logits, target, ~torch.zeros_like(ignore))
    assert MaskLossWeights().total(nothing).item() == 0
    MaskLossWeights().total(nothing).backward()
    assert float(logits.grad.abs().sum()) == 0


def test_weights_are_lisas() -> None:
    losses = MaskLosses(torch.tensor(0.3), torch.tensor(0.8))
    assert float(MaskLossWeights().total(losses)) == pytest.approx(2 * 0.3 + 0.5 * 0.8)
    mean = MaskLosses.mean([losses, MaskLosses(torch.tensor(0.1), torch.tensor(0.4))])
    assert float(mean.bce) == pytest.approx(0.2)
    assert {name: float(value) for name, value in mean.named().items()} == {
        "bce_loss": pytest.approx(0.2), "dice_loss": pytest.approx(0.6),
    }  # fmt: skip
    with pytest.raises(ValueError, match="bce is -1"):
        MaskLossWeights(bce=-1)
