# SPDX-License-Identifier: Apache-2.0
"""Refuses tensors of another shape or number format than an object promises."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["check_tensor"]


def check_tensor(
    name: str, tensor: Tensor, shape: tuple[int | None, ...], dtype: torch.dtype | None
) -> None:
    """Compare a tensor with what is promised.

    Args:
        name: of the tensor, for messages.
        tensor: any.
        shape: what it must be; None matches any size.
        dtype: what it must be; None matches any.

    Raises:
        ValueError: if either differs, quoting it.
    """
    matches = len(tensor.shape) == len(shape) and all(
        want is None or want == got for want, got in zip(shape, tensor.shape, strict=True)
    )
    if not matches:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, it must be ({wanted})")
    if dtype is not None and tensor.dtype != dtype:
        raise ValueError(f"{name} has dtype {tensor.dtype}, it must be {dtype}")
