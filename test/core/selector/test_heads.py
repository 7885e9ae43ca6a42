# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch
from torch import nn

from llmseg_core.selector.heads import IoPHead, IoUHead


def test_iou_score_is_a_cosine() -> None:
    head = IoUHead(2, 4)
    head.mlp = nn.Identity()
    masks = torch.tensor([[[1.0, 0], [0, 2], [-3, 0], [1, 1]]])
    score = head(masks, torch.tensor([[5.0, 0]]))
    torch.testing.assert_close(score, torch.tensor([[1, 0, -1, 0.5**0.5]]))


def test_iou_head_compares_each_sample_with_its_own_instruction() -> None:
    head = IoUHead(8, 16)
    masks, seg = torch.randn(3, 5, 8), torch.randn(3, 8)
    score = head(masks, seg)
    assert score.shape == (3, 5)
    torch.testing.assert_close(score[1], head(masks[1:2], seg[1:2])[0])
    assert score.abs().max() <= 1


def test_iop_head_gives_one_logit_a_mask() -> None:
    head = IoPHead(8, 4)
    masks = torch.randn(3, 5, 8)
    logits = head(masks)
    assert logits.shape == (3, 5)
    torch.testing.assert_close(logits[2, 4], head(masks[2:, 4:])[0, 0])
