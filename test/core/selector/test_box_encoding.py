# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch

from llmseg_core.selector.box_encoding import BoxEncoding

LEFT = (0.2, 0.5, 0.1, 0.1)
RIGHT = (0.8, 0.5, 0.1, 0.1)
LARGE = (0.2, 0.5, 0.4, 0.4)


def test_each_number_of_a_box_counts() -> None:
    encoding = BoxEncoding(16)
    codes = encoding(torch.tensor([[LEFT, RIGHT, LARGE]]))
    assert codes.shape == (1, 3, 16)
    assert (codes[0, 0] - codes[0, 1]).abs().max() > 0.01
    assert (codes[0, 0] - codes[0, 2]).abs().max() > 0.01


def test_frequencies_are_no_weights() -> None:
    assert all("frequencies" not in key for key in BoxEncoding(8).state_dict())


def test_weights_may_be_of_half_precision() -> None:
    boxes = torch.rand(2, 3, 4)
    encoding = BoxEncoding(8)
    exact = encoding(boxes)
    half = encoding.to(torch.bfloat16)(boxes)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), exact, atol=0.02, rtol=0)
