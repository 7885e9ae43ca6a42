# SPDX-License-Identifier: Apache-2.0
"""Whether files of weights are there and whole, seen without reading the weights."""

from __future__ import annotations

import json
import struct
from pathlib import Path

__all__ = ["weights_damage"]

INDEX = "model.safetensors.index.json"
LENGTH = struct.Struct("<Q")
LONGEST_HEADER = 10**8
"""bytes, safetensors' own limit"""


def weights_damage(folder: Path) -> list[str]:
    """What is wrong with the safetensors of a network's folder, for people.

    Args:
        folder: as transformers writes it; one with other files of weights is not judged.
    """
    wrong = []
    index = folder / INDEX
    if index.is_file():
        try:
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError, TypeError):
            return [f"{index} is damaged"]
        wrong += [f"{folder / name} is missing" for name in sorted(shards - _names(folder))]
    return [
        *wrong,
        *(text for file in sorted(folder.glob("*.safetensors")) if (text := _damage(file))),
    ]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _damage(file: Path) -> str:
    """What is wrong with one file; empty if it is as long as its header says."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(LENGTH.size)
        length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else LONGEST_HEADER + 1
        text = stream.read(length) if length <= LONGEST_HEADER else b""
    try:
        tensors = json.loads(text)
        tensors.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
    except (ValueError, KeyError, AttributeError, TypeError, IndexError):
        return f"{file} is no safetensors file"
    whole = LENGTH.size + length + end
    return "" if size == whole else f"{file} has {size} bytes, it must have {whole}"
