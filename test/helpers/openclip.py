# SPDX-License-Identifier: Apache-2.0
"""A small OpenCLIP ConvNeXt with random weights, by OpenCLIP's names."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["DEPTHS", "WIDTHS", "openclip_state"]

DEPTHS, WIDTHS = (1, 2, 1, 1), (4, 8, 12, 20)


def openclip_state() -> dict[str, Tensor]:
    """Weights of a whole CLIP: image side, projection, scale."""
    random = torch.Generator().manual_seed(0)

    def weights(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random) / 4

    def both(name: str, *shape: int) -> dict[str, Tensor]:
        return {f"{name}.weight": weights(*shape), f"{name}.bias": weights(shape[0])}

    state = {**both("stem.0", WIDTHS[0], 3, 4, 4), **both("stem.1", WIDTHS[0])}
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True)):
        if stage:
            before = WIDTHS[stage - 1]
            state |= both(f"stages.{stage}.downsample.0", before)
            state |= both(f"stages.{stage}.downsample.1", width, before, 2, 2)
        for number in range(depth):
            block = f"stages.{stage}.blocks.{number}"
            state |= {f"{block}.gamma": weights(width)}
            state |= both(f"{block}.conv_dw", width, 1, 7, 7) | both(f"{block}.norm", width)
            state |= both(f"{block}.mlp.fc1", 4 * width, width)
            state |= both(f"{block}.mlp.fc2", width, 4 * width)
    state |= both("head.norm", WIDTHS[-1])
    others = {"logit_scale": weights(1), "visual.head.proj.weight": weights(6, WIDTHS[-1])}
    return {f"visual.trunk.{name}": value for name, value in state.items()} | others
