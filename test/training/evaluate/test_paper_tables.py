# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from rich.console import Console
from rich.table import Table

from llmseg_training.evaluate.paper_tables import PAPER_TABLES, beside, paper_table


def printed(table: Table) -> list[list[str]]:
    """The cells of each line, without rules."""
    console = Console(width=160, record=True, quiet=False, file=None)
    with console.capture() as capture:
        console.print(table)
    lines = [line for line in capture.get().splitlines() if "│" in line or "┃" in line]
    return [[cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
            for line in lines]  # fmt: skip


def test_all_tables_are_whole() -> None:
    assert [len(paper_table(name).rows) for name in PAPER_TABLES] == [11, 4, 4, 3, 5]
    for name in PAPER_TABLES:
        table = paper_table(name)
        assert table.scores[:2] == ("giou", "ciou")
        for row in table.rows:
            assert tuple(row.settings) == table.settings
            assert all(10 < value < 60 for value in row.scores.values())
    with pytest.raises(ValueError, match="'table-9' is no table, it must be one of paper-table-1"):
        paper_table("table-9")


def test_numbers_that_the_text_of_the_paper_repeats() -> None:
    """Section 5.1.2 and 5.1.3 compare these in words."""
    first = {
        (row.method, row.settings["zero-shot"]): row.scores
        for row in paper_table(PAPER_TABLES[0]).rows
    }
    assert first["LLM-Seg", True]["giou"] == 47.4
    assert first["LISA (20 epochs)", True]["giou"] == 44.4
    assert first["LLM-Seg", False] == {"giou": 52.3, "ciou": 47.5, "nciou": 48.8}
    assert first["LISA", False]["nciou"] == 48.1
    backbones = [row.scores["giou"] for row in paper_table("paper-table-4").rows]
    assert backbones[0] - backbones[1] == pytest.approx(3.0)
    assert backbones[0] - backbones[2] == pytest.approx(6.1)
    whole = {"giou": 52.3, "ciou": 47.5}
    assert paper_table("paper-table-2").rows[-1].scores == whole
    assert paper_table("paper-table-3").rows[1].scores == whole
    assert backbones[0] == whole["giou"]


def test_measured_methods_stand_below() -> None:
    table = paper_table("paper-table-5")
    measured = [("mine [1]", {"giou": 0.5, "ciou": 0.25, "nciou": 0.1}), ("other", {"giou": 1.0})]
    lines = printed(beside(table, "my data", measured))
    assert lines[0] == ["method", "use LLM", "zero-shot", "gIoU", "cIoU"]
    assert lines[1] == ["GRES", "no", "yes", "14.2", "15.9"]
    assert lines[-2:] == [
        ["mine [1] (here)", "", "", "50.0", "25.0"],
        ["other (here)", "", "", "100.0", "-"],
    ]


def test_rules_stand_beside() -> None:
    used = {"iop_threshold": 0.6, "top_k": 2, "min_confidence": 0.1}
    by_rule = {
        "iop": {"giou": 0.5, "ciou": 0.25, **used},
        "top_iou": {"giou": 0.125, "ciou": 1.0, **used},
    }
    table = beside(paper_table("paper-table-3"), "my data", [("mine", {})], by_rule)
    assert table.caption == "here: IoP threshold 0.6, top k 2, least confidence 0.1"
    lines = printed(table)
    assert lines[0] == ["method", "paper gIoU", "paper cIoU", "here gIoU", "here cIoU"]
    assert lines[1] == ["Top1 IoU", "49.6", "35.4", "12.5", "100.0"]
    assert lines[2] == ["Threshold IoP", "52.3", "47.5", "50.0", "25.0"]
    assert lines[3] == ["Top1 IoU + Threshold IoP", "53.8", "42.2", "-", "-"]
    assert len(lines) == 5
