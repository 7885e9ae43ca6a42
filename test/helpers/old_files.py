# SPDX-License-Identifier: Apache-2.0
"""Files that were written before the packages had rooms, and what the code of then made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OLD = Path(__file__).resolve().parents[1] / "fixtures" / "before_the_rooms"
"""Its README.md says how each file was made; none may be changed."""


def expected(name: str) -> Any:
    """The numbers in one of the JSON files of `OLD`, of six digits."""
    return json.loads((OLD / name).read_text(encoding="utf-8"))
