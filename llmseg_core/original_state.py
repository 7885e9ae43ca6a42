"""Weights in the files in which the authors of a network published them."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

__all__ = ["read_original_state"]


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
        raise ValueError(f"{path} is damaged or no checkpoint of weights: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{path} holds no weights by name, it must be as sam_vit_h_4b8939.pth")
    return state
