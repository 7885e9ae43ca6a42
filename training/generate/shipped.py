# SPDX-License-Identifier: Apache-2.0
"""The recipes of `llmseg generate` that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONFIGS", "GENERATE_RECIPES"]

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
"""Where they are, each with the suffix .yaml."""
GENERATE_RECIPES = ("generate_paper", "generate_checked", "generate_recording")
"""Their names."""
