# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.selector.fusion import Attention, FusionModule

WIDTH, HEADS = 16, 2


def attend(weights: dict[str, Tensor], name: str, queries: Tensor, keys: Tensor) -> Tensor:
    """Multi-head attention of one sample, head by head: (Q, D) and (S, D) to (Q, D)."""

    def linear(part: str, tokens: Tensor) -> Tensor:
        return tokens @ weights[f"{name}.{part}.weight"].T + weights[f"{name}.{part}.bias"]

    q, k, v = linear("q_proj", queries), linear("k_proj", keys), linear("v_proj", keys)
    size = q.shape[1] // HEADS
    read = []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        scores = q[:, part] @ k[:, part].T / math.sqrt(size)
        read.append(scores.exp() / scores.exp().sum(1, keepdim=True) @ v[:, part])
    return linear("out_proj", torch.cat(read, 1))


def fuse(weights: dict[str, Tensor], masks: Tensor, seg: Tensor, blocks: int) -> Tensor:
    """The fusion module of one sample, written down plainly: (K, D) and (1, D) to (K, D)."""

    def norm(name: str, tokens: Tensor) -> Tensor:
        return F.layer_norm(tokens, (WIDTH,), weights[f"{name}.weight"], weights[f"{name}.bias"])

    for index in range(blocks):
        block = f"blocks.{index}"
        masks = norm(
            f"{block}.norm1", masks + attend(weights, f"{block}.self_attention", masks, masks)
        )
        masks = norm(f"{block}.norm2", masks + attend(weights, f"{block}.masks_to_seg", masks, seg))
        hidden = masks @ weights[f"{block}.mlp.0.weight"].T + weights[f"{block}.mlp.0.bias"]
        change = hidden.clamp(min=0) @ weights[f"{block}.mlp.2.weight"].T
        masks = norm(f"{block}.norm3", masks + change + weights[f"{block}.mlp.2.bias"])
        seg = norm(f"{block}.norm4", seg + attend(weights, f"{block}.seg_to_masks", seg, masks))
    return norm("final_norm", masks + attend(weights, "final_attention", masks, seg))


@pytest.mark.parametrize(("blocks", "downsample"), [(1, 1), (2, 1), (2, 2)])
def test_equals_plain_implementation(blocks: int, downsample: int) -> None:
    module = FusionModule(WIDTH, blocks, HEADS, 32, downsample)
    masks, seg = torch.randn(3, 7, WIDTH), torch.randn(3, 1, WIDTH)
    weights = dict(module.state_dict())
    with torch.no_grad():
        fused = module(masks, seg)
    for sample in range(3):
        expected = fuse(weights, masks[sample], seg[sample], blocks)
        torch.testing.assert_close(fused[sample], expected, atol=1e-5, rtol=1e-5)


def test_padding_changes_nothing() -> None:
    module = FusionModule(WIDTH, 2, HEADS, 32)
    masks, seg = torch.randn(2, 6, WIDTH), torch.randn(2, 1, WIDTH)
    valid = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    with torch.no_grad():
        padded = module(masks, seg, valid)
        alone = module(masks[:1, :4], seg[:1])
        unmasked = module(masks, seg)
    torch.testing.assert_close(padded[0, :4], alone[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(padded[1], unmasked[1], atol=1e-6, rtol=0)
    assert (padded[0, :4] - unmasked[0, :4]).abs().max() > 1e-3


def test_sample_of_nothing_but_padding_stays_finite() -> None:
    module = FusionModule(WIDTH, 2, HEADS, 32)
    masks = torch.randn(2, 3, WIDTH, requires_grad=True)
    valid = torch.tensor([[False] * 3, [True] * 3])
    fused = module(masks, torch.randn(2, 1, WIDTH), valid)
    fused[1].sum().backward()
    assert fused.isfinite().all()
    assert masks.grad is not None
    assert masks.grad.isfinite().all()


def test_order_of_proposals_does_not_matter() -> None:
    module = FusionModule(WIDTH, 2, HEADS, 32)
    masks, seg = torch.randn(1, 5, WIDTH), torch.randn(1, 1, WIDTH)
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.no_grad():
        torch.testing.assert_close(
            module(masks[:, order], seg), module(masks, seg)[:, order], atol=1e-6, rtol=0
        )


def test_heads_must_divide_the_inner_width() -> None:
    with pytest.raises(ValueError, match="num_heads is 3, it must divide the inner width 8"):
        Attention(16, 3, 2)


def test_a_single_key_is_read_as_in_training() -> None:
    """Without gradients its queries are left out, which changes nothing."""
    torch.manual_seed(0)
    attention = Attention(WIDTH, HEADS, 2)
    queries, key = torch.randn(2, 5, WIDTH), torch.randn(2, 1, WIDTH)
    whole = attention(queries, key)
    with torch.inference_mode():
        short = attention(queries, key)
    assert short.shape == whole.shape
    assert torch.allclose(short, whole, atol=1e-6)
    assert not torch.allclose(attention(queries, key + 1), whole, atol=1e-2)
