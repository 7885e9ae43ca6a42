# SPDX-License-Identifier: Apache-2.0
"""What the three commands share: a ROS domain of their own, a file of JSON, a table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmseg_core.benchmark.report import cpu_name
from llmseg_core.runtime.whole_file import write_whole
from llmseg_ros.own_domain import own_network

__all__ = ["machine", "print_table", "stay_apart", "write_json"]


def stay_apart() -> None:
    """Keeps what is sent on this machine, and apart from other nodes unless a domain is set."""
    domain = os.environ.get("ROS_DOMAIN_ID")
    os.environ.update(own_network())
    if domain is not None:
        os.environ["ROS_DOMAIN_ID"] = domain


def machine() -> dict[str, Any]:
    """Where the figures were measured."""
    return {
        "processor": cpu_name(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def write_json(path: Path, report: Any) -> None:
    """Writes it whole or not at all; bytes become text."""
    text = json.dumps(report, indent=1, ensure_ascii=True, default=repr)
    write_whole(path, text + "\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their longest entry."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
