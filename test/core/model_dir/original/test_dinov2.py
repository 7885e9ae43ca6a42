# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import Dinov2Model

from helpers import released_reference as reference
from helpers.released_files import released_weights
from llmseg_core.model_dir.original.dinov2 import (
    dinov2_from_original,
    dinov2_positions,
    load_original_dinov2,
)

PREFIX = "visual_model_dinov2."


@pytest.fixture(scope="module")
def original() -> dict[str, torch.Tensor]:
    weights = released_weights()
    return {k.removeprefix(PREFIX): v for k, v in weights.items() if k.startswith(PREFIX)}


@pytest.fixture(scope="module")
def model(
    original: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Dinov2Model:
    file = tmp_path_factory.mktemp("dinov2") / "dinov2.pth"
    torch.save(original, file)
    return load_original_dinov2(file)


@pytest.mark.parametrize("side", [42, 84, 112])  # the position table has 3 x 3 cells of 14 pixels
@torch.inference_mode()
def test_tokens_are_the_originals(
    model: Dinov2Model, original: dict[str, torch.Tensor], side: int
) -> None:
    pixels = torch.randn(1, 3, side, side)
    tokens = dinov2_positions(model, side)(pixel_values=pixels).last_hidden_state[0, 1:]
    if side == 42:  # nothing to resize, and the original then does not
        assert dinov2_positions(model, side) is model
    else:
        expected = reference.dinov2(original, pixels, heads=2).flatten(1).T
        torch.testing.assert_close(tokens, expected, atol=1e-4, rtol=0)
        exact_ratio = model(pixel_values=pixels).last_hidden_state[0, 1:]
        assert (exact_ratio - expected).abs().max() > 1e-3  # so the offset matters


def test_half_precision_stays(model: Dinov2Model, original: dict[str, torch.Tensor]) -> None:
    half = Dinov2Model(model.config).bfloat16()
    assert dinov2_positions(half, 112).dtype == torch.bfloat16


def test_wrong_names_and_shapes_are_named(
    original: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    spoilt = {**original, "register_tokens": torch.zeros(1)}
    del spoilt["blocks.1.ls1.gamma"]
    with pytest.raises(
        ValueError, match=r"missing \['blocks.1.ls1.gamma'\].*\['register_tokens'\]"
    ):
        dinov2_from_original(spoilt)
    with pytest.raises(ValueError, match="no weights of DINOv2: missing 'patch_embed"):
        dinov2_from_original({})
    with pytest.raises(ValueError, match=r"norm\.bias gives \(2,\)"):
        dinov2_from_original({**original, "norm.bias": torch.zeros(2)})
