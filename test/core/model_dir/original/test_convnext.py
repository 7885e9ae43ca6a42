# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from helpers.openclip import DEPTHS, WIDTHS, openclip_state
from llmseg_core.embeddings.clip_convnext import ClipConvNextEncoder
from llmseg_core.model_dir.original.convnext import convnext_from_openclip, load_openclip_convnext


def features(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """A ConvNeXt as its paper has it, (B, 3, S, S) to the normalised map (B, C, S / 32, S / 32)."""
    state = {name.removeprefix("visual.trunk."): value for name, value in state.items()}

    def norm(name: str, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)
        return x.permute(0, 3, 1, 2)

    def convolve(name: str, x: Tensor, **options: int) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], **options)

    x = norm("stem.1", convolve("stem.0", x, stride=4))
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True)):
        if stage:
            x = norm(f"stages.{stage}.downsample.0", x)
            x = convolve(f"stages.{stage}.downsample.1", x, stride=2)
        for number in range(depth):
            block = f"stages.{stage}.blocks.{number}"
            y = norm(f"{block}.norm", convolve(f"{block}.conv_dw", x, padding=3, groups=width))
            y = y.permute(0, 2, 3, 1)
            for layer, activation in (("fc1", F.gelu), ("fc2", torch.Tensor.contiguous)):
                weight, bias = (state[f"{block}.mlp.{layer}.{kind}"] for kind in ("weight", "bias"))
                y = activation(F.linear(y, weight, bias))
            x = x + (y * state[f"{block}.gamma"]).permute(0, 3, 1, 2)
    return norm("head.norm", x)


def test_converted_weights_give_the_features_of_the_original() -> None:
    state = openclip_state()
    pixels = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    encoder = ClipConvNextEncoder(convnext_from_openclip(state), 96)
    with torch.inference_mode():
        ours = encoder(pixels)
    assert encoder.feature_dim == 20
    assert torch.allclose(ours, features(state, pixels), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "save"),
    [("open_clip_pytorch_model.bin", torch.save), ("open_clip_model.safetensors", save_file)],
)
def test_files_are_read(
    name: str, save: Callable[[dict[str, Tensor], Path], None], tmp_path: Path
) -> None:
    state = openclip_state()
    save(state, tmp_path / name)
    weight = load_openclip_convnext(tmp_path / name).embeddings.patch_embeddings.weight
    assert torch.equal(weight, state["visual.trunk.stem.0.weight"])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda s: s.clear(), "no weights of an OpenCLIP ConvNeXt: 'embeddings.patch_embeddings"),
        (lambda s: s.pop("visual.trunk.stem.1.bias"), "missing .*embeddings.layernorm.bias"),
        (lambda s: s.update({"visual.trunk.extra": torch.ones(1)}), r"not expected \['extra'\]"),
        (
            lambda s: s.update({"visual.trunk.stem.1.bias": torch.ones(5)}),
            "size mismatch for embeddings.layernorm.bias",
        ),
    ],
)
def test_other_weights_are_refused(
    broken: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    state = openclip_state()
    broken(state)
    with pytest.raises(ValueError, match=message):
        convnext_from_openclip(state)
