# SPDX-License-Identifier: Apache-2.0
"""Released weights into modules that have only shapes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["fill", "with_image_row"]


def with_image_row(weight: Tensor, image: int) -> Tensor:
    """Embeddings with a row for the image token: the mean, as it is never read.

    Args:
        weight: (rows, hidden), in the order of the ids, the image token's left out.
        image: id of the image token.
    """
    mean = weight.float().mean(0, keepdim=True).to(weight.dtype)
    return torch.cat((weight[:image], mean, weight[image:]))


def fill(
    module: nn.Module,
    names: Mapping[str, str],
    weights: Mapping[str, Tensor],
    file: Path,
    dtype: torch.dtype | None,
) -> None:
    """Put weights into a module; the tensors are taken, not copied.

    Args:
        module: with weights of the shapes, on any device.
        names: released name of each of its weights.
        weights: by their released names; a 1 x 1 convolution may fill a linear layer.
        file: for messages.
        dtype: number format; None keeps theirs.

    Raises:
        ValueError: naming a weight of another shape.
    """
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    state = {}
    for name, released in names.items():
        value = weights[released]
        if released == "lisa_dino_conv.weight":  # the 1 x 1 convolution is a linear layer here
            value = value.flatten(1)
        if value.shape != shapes[name]:
            raise ValueError(
                f"{file}: {released} has shape {tuple(value.shape)}, "
                f"the configuration says {tuple(shapes[name])}"
            )
        state[name] = value if dtype is None else value.to(dtype)
    module.load_state_dict(state, assign=True)
