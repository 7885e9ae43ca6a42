# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from llmseg_core.config import SelectorConfig
from llmseg_core.selector.box_encoding import BoxEncoding
from llmseg_core.selector.selector import MaskSelector

LEFT = (0.2, 0.5, 0.1, 0.1)
RIGHT = (0.8, 0.5, 0.1, 0.1)
LARGE = (0.2, 0.5, 0.4, 0.4)


def test_each_number_of_a_box_counts() -> None:
    encoding = BoxEncoding(16)
    codes = encoding(torch.tensor([[LEFT, RIGHT, LARGE]]))
    assert codes.shape == (1, 3, 16)
    assert (codes[0, 0] - codes[0, 1]).abs().max() > 0.01
    assert (codes[0, 0] - codes[0, 2]).abs().max() > 0.01


def features(encoding: BoxEncoding, boxes: Tensor) -> Tensor:
    """(..., 65), what the encoding's MLP gets."""
    got: list[Tensor] = []
    handle = encoding.mlp.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0]))
    encoding(boxes)
    handle.remove()
    return got[0]


def test_features_are_sines_and_cosines_of_five_numbers() -> None:
    box = torch.tensor(LEFT)
    numbers = torch.tensor((*LEFT, 0.1), dtype=torch.float64)  # the square root of the area is 0.1
    angles = numbers[:, None] * math.pi * torch.tensor((1, 2, 4, 8, 16, 32))
    expected = torch.cat((numbers, angles.sin().flatten(), angles.cos().flatten()))
    found = features(BoxEncoding(8), box)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("how", ["to", "half", "made"])
def test_frequencies_are_exact_in_any_format(dtype: torch.dtype, how: str) -> None:
    """Of the features nothing but the last step, into the format of the weights, is rounded."""
    boxes = torch.rand(50, 4)
    exact = features(BoxEncoding(8), boxes)
    if how == "made":  # as while another thread reads a model in half precision
        torch.set_default_dtype(dtype)
        try:
            encoding = BoxEncoding(8)
        finally:
            torch.set_default_dtype(torch.float32)
    else:
        encoding = BoxEncoding(8).to(dtype) if how == "to" else BoxEncoding(8).half().to(dtype)
    assert torch.equal(features(encoding, boxes), exact.to(dtype))
    assert torch.equal(features(encoding.float(), boxes), exact)  # and back again


def test_made_without_memory_it_is_whole_once_it_has_weights() -> None:
    encoding, boxes = BoxEncoding(8), torch.rand(3, 4)
    with torch.device("meta"):
        empty = BoxEncoding(8)
    empty.load_state_dict(encoding.state_dict(), assign=True)
    assert torch.equal(empty(boxes), encoding(boxes))


def test_the_selector_hands_boxes_on_unrounded() -> None:
    config = SelectorConfig(
        feature_dim=8, hidden_dim=8, width=16, num_heads=2, mlp_dim=8, box_encoding=True
    )
    selector, boxes = MaskSelector(config), torch.rand(1, 5, 4)
    exact = features(selector.box_encoding, boxes)
    got: list[Tensor] = []
    half = selector.half()
    half.box_encoding.mlp.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0]))
    half(torch.rand(1, 5, 8), boxes, torch.rand(1, 8))
    assert torch.equal(got[0], exact.half())


def test_names_of_the_weights() -> None:
    assert list(BoxEncoding(8).state_dict()) == [
        "mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias",
    ]  # fmt: skip


def test_weights_may_be_of_half_precision() -> None:
    boxes = torch.rand(2, 3, 4)
    encoding = BoxEncoding(8)
    exact = encoding(boxes)
    half = encoding.to(torch.bfloat16)(boxes)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), exact, atol=0.02, rtol=0)
