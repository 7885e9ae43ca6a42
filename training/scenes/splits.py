# SPDX-License-Identifier: Apache-2.0
"""Seeds of the train, validation and test scenes: ranges that never overlap."""

from __future__ import annotations

_RANGE = 10_000_000
_STARTS = {"train": 0, "val": _RANGE, "test": 2 * _RANGE}

SPLITS: tuple[str, ...] = tuple(_STARTS)
"""Every split's name."""


def scene_seed(split: str, index: int) -> int:
    """The seed of scene `index` (0 to 9,999,999) of "train", "val" or "test"."""
    if split not in _STARTS:
        raise ValueError(f"split {split!r} is unknown; it must be one of {', '.join(SPLITS)}")
    if not 0 <= index < _RANGE:
        raise ValueError(f"scene index {index} must lie in [0, {_RANGE})")
    return _STARTS[split] + index
