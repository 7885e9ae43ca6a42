# SPDX-License-Identifier: Apache-2.0
"""Whether a network's outputs are numbers, asked without waiting for the device each time."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["FiniteCheck"]


class FiniteCheck:
    """Looks at outputs as they come and tells at the end which of them was not finite."""

    def __init__(self) -> None:
        self._finite: dict[str, Tensor] = {}

    def see(self, name: str, values: Tensor) -> Tensor:
        """Return `values`; NaN or infinity among them is remembered as `name`."""
        if not values.numel():
            return values
        finite = torch.stack(torch.aminmax(values.detach())).isfinite().all()  # NaN goes through
        before = self._finite.get(name)
        self._finite[name] = finite if before is None else finite & before
        return values

    def finish(self) -> None:
        """Wait for the device once.

        Raises:
            ValueError: naming what was seen first and not finite.
        """
        if not self._finite:
            return
        flags = torch.stack(list(self._finite.values())).tolist()
        for name, finite in zip(self._finite, flags, strict=True):
            if not finite:
                raise ValueError(
                    f"{name} holds NaN or infinity, it must be finite: the weights are broken or "
                    f'too large for float16 (use dtype "bfloat16" or "float32")'
                )
