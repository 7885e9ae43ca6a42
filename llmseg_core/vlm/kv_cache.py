# SPDX-License-Identifier: Apache-2.0
"""Keys and values of a prompt's beginning, kept and continued."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import nn
from transformers import DynamicCache

from llmseg_core.types import ImagePrefix

__all__ = ["cache_argument", "grown_from", "prefix_of"]


def cache_argument(network: nn.Module) -> str:
    """What a network calls keys and values that it is given: "cache" since transformers 5.24."""
    return _cache_argument(type(network).forward)


@cache  # of an inspection that takes as long as a layer of the packaged model
def _cache_argument(forward: Callable[..., Any]) -> str:
    known = inspect.signature(forward).parameters
    return "cache" if "cache" in known else "past_key_values"


def prefix_of(cache: DynamicCache, next_position: int | None = None) -> ImagePrefix:
    """Keys and values of a cache.

    Args:
        cache: of one prompt.
        next_position: see `ImagePrefix`.
    """
    keys = tuple(layer.keys for layer in cache.layers)
    return ImagePrefix(keys, tuple(layer.values for layer in cache.layers), next_position)


def grown_from(prefix: ImagePrefix, rows: int = 1) -> DynamicCache:
    """A cache of so many equal rows that may grow; the prefix stays as it is."""
    grown, size = DynamicCache(), (rows, -1, -1, -1)
    for layer, (keys, values) in enumerate(zip(prefix.keys, prefix.values, strict=True)):
        grown.update(keys.expand(size), values.expand(size), layer)
    return grown
