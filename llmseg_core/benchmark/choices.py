# SPDX-License-Identifier: Apache-2.0
"""What can be measured, by name, for a command line that must not import torch to list it."""

from __future__ import annotations

__all__ = ["METHOD_NAMES", "MODE_NAMES", "PROFILE_NAMES", "SIZE_NAMES"]

PROFILE_NAMES = ("embedded", "vit-b", "paper")
"""The keys of `PROFILES` in models.py."""
METHOD_NAMES = ("llm_seg", "lisa", "grounding", "two_stage", "concept", "marks")
"""The keys of `METHODS` in method_models.py."""
SIZE_NAMES = ("small", "published")
"""The keys of `METHOD_SIZES` in method_sizes.py."""
MODE_NAMES = ("exact", "bf16", "fp16", "low-stability", "low-measures", "coarse", "compile")
"""The keys of `MODES` in proposals.py."""
