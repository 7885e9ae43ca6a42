# SPDX-License-Identifier: Apache-2.0
"""Writes a model directory with one network that has learned; the others stay where they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml
from transformers import PreTrainedModel

from llmseg_core.config import LLMSegConfig
from llmseg_core.model_dir.checkpoint import SELECTOR_FILE, save_selector
from llmseg_core.model_dir.directory import CONFIG_FILE
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.runtime.whole_folder import written_whole
from llmseg_core.selector.selector import MaskSelector

__all__ = ["save_tuned"]


def save_tuned(
    base: Path,
    config: LLMSegConfig,
    directory: Path,
    part: str,
    network: PreTrainedModel,
    selector: MaskSelector | None = None,
) -> None:
    """Write it whole or not at all; what the base had seen is left out, as it is true no more.

    Args:
        base: the model directory before.
        config: of the new one; its parts by absolute path, but the one that has learned.
        directory: made or replaced.
        part: of the configuration, and the folder: "sam" or "dinov2".
        network: that has learned.
        selector: that has learned; None keeps the base's.
    """
    with written_whole(directory, CONFIG_FILE) as folder:
        text = yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        save_network(network, folder / part)
        if selector is None:
            shutil.copyfile(base / SELECTOR_FILE, folder / SELECTOR_FILE)
        else:
            save_selector(selector, folder / SELECTOR_FILE)
