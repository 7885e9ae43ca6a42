# SPDX-License-Identifier: Apache-2.0
"""A name for the weights in a model directory, so that stored answers are not taken for others'."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from llmseg_core.config import LLMSegConfig
from llmseg_core.model_dir.checkpoint import (
    CONFIG_FILE,
    load_config,
    method_name,
    model_directory,
)

__all__ = ["model_digest", "weights_digest"]

LARGEST = 256 * 2**20
"""Bytes; of larger files, which are published base models, the size must do."""


def model_digest(directory: str | Path) -> str:
    """16 hexadecimal digits of a model directory's weights and settings.

    The selection rule is not among them: it does not change proposals or scores.

    Raises:
        FileNotFoundError: if it is no model directory.
    """
    folder = model_directory(directory)
    if method_name(folder) != LLMSegConfig.method:
        return weights_digest(folder, (folder / CONFIG_FILE).read_text(encoding="utf-8"))
    config = load_config(folder).to_dict()
    del config["selection"]
    return weights_digest(folder, json.dumps(config, sort_keys=True))


def weights_digest(place: Path, settings: str = "") -> str:
    """16 hexadecimal digits of the weights below a folder, or of one file, and of a text."""
    digest = hashlib.sha256(settings.encode())
    files = sorted(place.rglob("*.safetensors")) if place.is_dir() else [place]
    for path in files:
        digest.update(f"{path.relative_to(place)} {path.stat().st_size}".encode())
        if path.stat().st_size <= LARGEST:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
