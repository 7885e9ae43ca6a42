# SPDX-License-Identifier: Apache-2.0
"""Counts how often networks run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.utils.hooks import RemovableHandle


@contextmanager
def count_calls(*modules: nn.Module) -> Iterator[list[int]]:
    """A list that holds, for each module, how often it has run within the block."""
    counts = [0] * len(modules)

    def counter(index: int) -> RemovableHandle:
        def count(*_: object) -> None:
            counts[index] += 1

        return modules[index].register_forward_hook(count)

    hooks = [counter(index) for index in range(len(modules))]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()
