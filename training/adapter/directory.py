# SPDX-License-Identifier: Apache-2.0
"""Writes what was trained as a model directory that refers to its base by path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE
from llmseg_core.model_dir.checkpoint import SELECTOR_FILE, save_selector
from llmseg_core.model_dir.directory import CONFIG_FILE
from llmseg_core.runtime.whole_folder import written_whole

from ..data.plain_json import read_json
from .parts import AdapterParts

__all__ = ["SCORES_FILE", "save_adapter_directory", "stored_scores"]

SCORES_FILE = "validation.json"


def save_adapter_directory(
    parts: AdapterParts, directory: Path, scores: dict[str, Any] | None = None
) -> None:
    """Write adapter and selector, whole or not at all; `LLMSegPipeline.from_pretrained` reads it.

    DIRECTORY/llmseg.yaml           names SAM, image encoder and VLM of the base
    DIRECTORY/adapter/              LoRA, embeddings and head as peft writes them, and the tokenizer
    DIRECTORY/selector.safetensors
    DIRECTORY/seen_images.safetensors   what the base has seen, if it knows
    DIRECTORY/validation.json       `scores`, if there are any

    Args:
        parts: what was trained.
        directory: made or replaced.
        scores: that the model reached, plain values.
    """
    with written_whole(directory, CONFIG_FILE) as folder:
        text = yaml.safe_dump(parts.config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        # Embeddings are among the adapter's modules; left to itself, peft would look whether their
        # number has changed since the base was written, if need be on the hub.
        parts.adapter.save_pretrained(str(folder / "adapter"), save_embedding_layers=False)
        parts.tokenizer.save_pretrained(folder / "adapter")
        save_selector(parts.selector, folder / SELECTOR_FILE)
        if parts.seen_images is not None:
            parts.seen_images.save(folder / SEEN_IMAGES_FILE)
        if scores is not None:
            (folder / SCORES_FILE).write_text(json.dumps(scores, indent=2), encoding="utf-8")


def stored_scores(directory: Path) -> dict[str, Any] | None:
    """The scores that a model directory was written with; None without a directory or scores."""
    file = directory / SCORES_FILE
    return read_json(file) if file.is_file() else None
