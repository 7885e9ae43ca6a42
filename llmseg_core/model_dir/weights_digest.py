# SPDX-License-Identifier: Apache-2.0
"""Names for weights, so that what was computed with some is not taken for others'."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from llmseg_core.config import LLMSegConfig
from llmseg_core.config.vlm import with_vlm
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE

from .checkpoint import load_config
from .directory import CONFIG_FILE, method_name, model_directory
from .network_files import local_place, part_folder

__all__ = ["model_digest", "module_digest", "network_digest", "sam_digest", "weights_digest"]

LARGEST = 256 * 2**20
"""Bytes; of larger files, which are published base models, the size must do for a whole model."""
DIGITS = 16
BLOCK = 2**20
PARTS = ("vlm", "locator", "sam", "llava")
"""settings that name parts of other methods than LLM-Seg"""
WEIGHTS = ("*.safetensors", "*.bin")
"""files of weights, the first kind that a folder has"""
NOT_OF_THE_NETWORK = (
    *("_name_or_path", "architectures", "dtype", "torch_dtype"),
    *("initializer_range", "transformers_version"),
)
"""what a `config.json` says besides how the network computes"""


def model_digest(directory: str | Path) -> str:
    """16 hexadecimal digits of a model directory's weights and settings.

    Selection rule and calibration are not among them: they do not change proposals or scores.

    Raises:
        FileNotFoundError: if it is no model directory.
    """
    folder = model_directory(directory)
    if method_name(folder) != LLMSegConfig.method:
        return weights_digest(folder, _other_settings(folder))
    config = load_config(folder).to_dict()
    for name in ("selection", "calibration"):
        config.pop(name, None)
    return weights_digest(folder, json.dumps(config, sort_keys=True))


def _other_settings(folder: Path) -> str:
    """What the `llmseg.yaml` of another method says, and digests of parts that lie elsewhere."""
    text = (folder / CONFIG_FILE).read_text(encoding="utf-8")
    values = with_vlm(read_mapping(folder / CONFIG_FILE))
    for key in PARTS:
        part = values.get(key)
        name = part.get("path") if isinstance(part, dict) else part
        if isinstance(name, str) and not (folder / name).exists():
            text += weights_digest(Path(local_place(part_folder(folder, name))))
    return text


def weights_digest(place: Path, settings: str = "") -> str:
    """16 hexadecimal digits of the weights below a folder, or of one file, and of a text."""
    files = sorted(place.rglob("*.safetensors")) if place.is_dir() else [place]
    files = [file for file in files if file.name != SEEN_IMAGES_FILE]  # changes no score
    return _digest(place, files, settings, LARGEST)


def sam_digest(directory: str | Path) -> str:
    """16 hexadecimal digits of the SAM of a model directory, see `network_digest`.

    Raises:
        FileNotFoundError: if it is no model directory, or has no SAM.
    """
    folder = model_directory(directory)
    return network_digest(Path(local_place(part_folder(folder, load_config(folder).sam))))


def network_digest(place: Path) -> str:
    """16 hexadecimal digits of all weights of one network, and of the sizes in its `config.json`.

    Args:
        place: folder as transformers writes it, or a file of weights as published.
    """
    if place.is_file():
        return _digest(place, [place], "", None)
    found = (sorted(place.rglob(kind)) for kind in WEIGHTS)
    config = place / "config.json"
    settings = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    text = json.dumps(_of_the_network(settings), sort_keys=True)
    return _digest(place, next(filter(None, found), []), text, None)


def module_digest(network: nn.Module) -> str:
    """16 hexadecimal digits of the weights of a network in memory, with their names."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:DIGITS]


def _digest(place: Path, files: Iterable[Path], settings: str, largest: int | None) -> str:
    """Of names, sizes and, up to the size `largest`, contents."""
    digest = hashlib.sha256(settings.encode())
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.relative_to(place)} {size}".encode())
        if largest is None or size <= largest:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
    return digest.hexdigest()[:DIGITS]


def _of_the_network(settings: Any) -> Any:
    """A configuration without what does not change how the network computes."""
    if not isinstance(settings, dict):
        return settings
    return {
        key: _of_the_network(value)
        for key, value in settings.items()
        if key not in NOT_OF_THE_NETWORK
    }
