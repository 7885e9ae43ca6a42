# SPDX-License-Identifier: Apache-2.0
"""Weights in the files in which the authors of a network published them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

__all__ = ["check_names", "read_original_state", "renamed"]


def read_original_state(path: str | Path) -> dict[str, Tensor]:
    """The weights of a checkpoint by name, on the CPU; nothing in the file is executed.

    Args:
        path: as torch or (`.safetensors`) safetensors writes it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or holds something else.
    """
    try:
        if Path(path).suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, SafetensorError) as error:
        what = str(error).partition("\n")[0]
        if "Weights only" in what:  # and ten lines of advice on how to let the file run code
            what = "it holds Python objects, which are not run, where it must hold tensors by name"
        raise ValueError(f"{path} is damaged or no checkpoint of weights: {what}") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{path} holds no weights by name: it must map names to tensors")
    return state


def check_names(needed: Iterable[str], found: Iterable[str], refusal: str) -> None:
    """Require that exactly the weights that a network needs are there.

    Args:
        needed: names of its weights.
        found: names in the file.
        refusal: how the error begins, such as "these are no weights of DINOv2".

    Raises:
        ValueError: naming those that are missing and those that are not expected.
    """
    wanted, given = set(needed), set(found)
    missing, unexpected = sorted(wanted - given), sorted(given - wanted)
    if missing or unexpected:
        raise ValueError(
            f"{refusal}: missing {missing or 'nothing'}, not expected {unexpected or 'nothing'}"
        )


def renamed(name: str, table: Sequence[tuple[str, str]]) -> str:
    """A weight's name in another layout.

    Args:
        name: of the weight.
        table: how names begin (regular expressions), and what stands there instead; the first that
            fits counts, and a name that none fits stays.
    """
    for pattern, replacement in table:
        other, count = re.subn(f"^{pattern}", replacement, name)
        if count:
            return other
    return name
