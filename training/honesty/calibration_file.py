# SPDX-License-Identifier: Apache-2.0
"""Puts a calibration into a model's `llmseg.yaml`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from llmseg_core.config import Calibration, SelectionConfig
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_core.model_dir.directory import CONFIG_FILE
from llmseg_core.runtime.whole_file import write_whole

__all__ = ["write_calibration"]

_SECTION = re.compile(r"^calibration:.*\n?(?:[ \t].*\n?)*", re.MULTILINE)
_LEAST = re.compile(r"(\bmin_confidence:\s*)([^\s,}#]+)")
_DIGITS = 6


def write_calibration(
    model: Path, calibration: Calibration, least: float, rule: SelectionConfig | None = None
) -> None:
    """Keep a calibration with a model; all else in the file stays, comments too.

    Args:
        model: model directory.
        calibration: replaces the one that is there.
        least: the new `min_confidence`, where the file names one.
        rule: a selection rule that was fitted to LLM-Seg; the file is written anew with it.

    Raises:
        ValueError: if the file does not name `min_confidence` in plain words.
    """
    file = model / CONFIG_FILE
    if rule is not None:
        selection = replace(rule, min_confidence=round(least, _DIGITS))
        config = replace(load_config(model), selection=selection, calibration=calibration)
        write_whole(file, yaml.safe_dump(config.to_dict(), sort_keys=False))
        return
    named = "min_confidence" in (read_mapping(file).get("selection") or {})
    text = _SECTION.sub("", file.read_text(encoding="utf-8")).rstrip("\n") + "\n"
    if named:
        text, count = _LEAST.subn(lambda found: f"{found[1]}{round(least, _DIGITS)!r}", text)
        if count != 1:
            raise ValueError(
                f"{file} names min_confidence in {count} places, it must do so once: write "
                f"{least:.4g} there yourself after --dry-run"
            )
    text += yaml.safe_dump({"calibration": calibration.to_dict()}, sort_keys=False)
    write_whole(file, text)
