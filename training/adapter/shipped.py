# SPDX-License-Identifier: Apache-2.0
"""The recipes of `llmseg train` that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONFIGS", "SHIPPED"]

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
"""Where they are, each with the suffix .yaml."""
SHIPPED = (
    "paper_10_epochs",
    "paper_20_epochs",
    "zero_shot",
    "llmseg40k_finetune",
    "lisa_llmseg40k_finetune",
    "finetune_folder",
    "finetune_embedded",
)
"""Their names."""
