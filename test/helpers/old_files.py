# SPDX-License-Identifier: Apache-2.0
"""Files that were written before the packages had rooms, and what the code of then made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OLD = Path(__file__).resolve().parents[1] / "fixtures" / "before_the_rooms"
"""Its README.md says how each file was made; none may be changed."""


def expected(name: str) -> Any:
    """The numbers in one of the JSON files of `OLD`, of six digits."""
    return json.loads((OLD / name).read_text(encoding="utf-8"))


def assert_covers(report: Any, old: Any, tolerance: float = 1e-6, where: str = "report") -> None:
    """Everything in `old` is in `report`, which may hold more."""
    if isinstance(old, dict):
        for name, value in old.items():
            assert name in report, f"{where} has no {name}"
            assert_covers(report[name], value, tolerance, f"{where}: {name}")
    elif isinstance(old, list):
        assert len(report) == len(old), where
        for number, value in enumerate(old):
            assert_covers(report[number], value, tolerance, f"{where}: {number}")
    else:
        near = pytest.approx(old, abs=tolerance) if isinstance(old, float) else old
        assert report == near, where
