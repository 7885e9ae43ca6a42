# SPDX-License-Identifier: Apache-2.0
"""What can be measured, by name, for a command line that must not import torch to list it."""

from __future__ import annotations

__all__ = ["MODE_NAMES", "PROFILE_NAMES"]

PROFILE_NAMES = ("embedded", "vit-b", "paper")
"""The keys of `PROFILES` in models.py."""
MODE_NAMES = ("exact", "bf16", "fp16", "low-stability", "low-measures", "coarse", "compile")
"""The keys of `MODES` in proposals.py."""
