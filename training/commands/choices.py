# SPDX-License-Identifier: Apache-2.0
"""What options can be, by name, for `--help`, which must not import torch to list it."""

from __future__ import annotations

__all__ = [
    "ABLATION_TABLES",
    "BROKEN",
    "ENGINES",
    "FOLLOWING_EVENTS",
    "MISSING",
    "ORACLE_TABLE",
    "PAPER_TABLES",
    "PLACING_INPUTS",
]

BROKEN = ("fatal", "skip")
"""The values of `BrokenPolicy` in data/."""
ENGINES = ("local", "ray")
"""Where the work is done."""
MISSING = ("error", "empty")
"""The values of `Missing` in evaluate/prediction_files.py."""
PAPER_TABLES = tuple(f"paper-table-{number}" for number in range(1, 6))
"""The tables that evaluate/paper_tables.py knows."""
ABLATION_TABLES = ("table2", "table4", "table5")
"""The keys of `ABLATIONS` in embedded/ablation.py, and the comparison in embedded/comparison.py."""
ORACLE_TABLE = "oracles"
"""The table of `llmseg ablate` for which nothing is trained."""
FOLLOWING_EVENTS = ("none", "pass", "carry", "take")
"""The values of `Event` in scenes/sequence.py."""
PLACING_INPUTS = ("exact", "exact-loose", "stereo", "stereo-loose")
"""What commands/locate.py places things by: depth, and masks."""
