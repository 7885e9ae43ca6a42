# SPDX-License-Identifier: Apache-2.0
"""The file that keeps encoded scenes: a pickle, read with the classes it may hold and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch.serialization import safe_globals

from llmseg_core.runtime.whole_file import whole_file

from ..learning.targets import ProposalOverlaps
from ..scenes import SceneObject
from .selection_scene import SelectionScene

__all__ = ["read_features", "write_features"]

# A pickle names the module of each class; two had others in the files of earlier versions.
_ADMITTED: list[Callable | tuple[Callable, str]] = [
    SelectionScene,
    ProposalOverlaps,
    SceneObject,
    (SelectionScene, "llmseg_training.selection_data.SelectionScene"),
    (ProposalOverlaps, "llmseg_training.targets.ProposalOverlaps"),
]


def read_features(file: Path) -> list[SelectionScene]:
    """The scenes in a file that `write_features` wrote, now or before its classes moved.

    Raises:
        ValueError: if it is damaged or holds anything but encoded scenes.
    """
    with file.open("rb") as opened, safe_globals(_ADMITTED):
        try:
            loaded = torch.load(opened, weights_only=True)
        except Exception as error:  # a damaged pickle raises anything
            raise ValueError(
                f"{file} is damaged or holds more than encoded scenes, remove it: {error}"
            ) from error
    if not isinstance(loaded, list) or not all(isinstance(each, SelectionScene) for each in loaded):
        raise ValueError(f"{file} holds no list of encoded scenes, remove it: {loaded!r:.80}")
    return loaded


def write_features(file: Path, scenes: list[SelectionScene]) -> None:
    """Write encoded scenes; the file is either whole or as it was."""
    with whole_file(file) as temporary:
        torch.save(scenes, temporary)
