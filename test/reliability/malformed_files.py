# SPDX-License-Identifier: Apache-2.0
"""Malformed contents of files as plain values: model settings, run lengths, lines of data."""

from __future__ import annotations

import json
import random
from functools import partial
from typing import Any

from .cases import Case
from .odd_values import damaged_bytes, damaged_lines, odd_number, odd_plain, odd_text

__all__ = ["DATA_LINE", "RUN_LENGTHS", "data_line", "model_yaml", "run_lengths"]

RUN_LENGTHS: Case = {"height": 3, "width": 4, "size": [3, 4], "counts": [2, 5, 5]}
"""a valid mask"""

DATA_LINE: Case = {
    "line": b'{"name": "a", "image": "images/0.png", "questions": [{"text": "the red thing", '
    b'"mask": {"size": [6, 8], "counts": [8, 20, 20]}}]}'
}
"""a valid line of samples.jsonl, beside which lies images/0.png of 8 x 6 pixels"""


def run_lengths(choose: random.Random) -> Case:
    """A mask's run lengths, as text or as numbers, and the size that is asked for."""
    case = dict(RUN_LENGTHS)
    height, width = choose.choice(((3, 4), (1, 1), (2, 7), (48, 64), (1, 300)))
    case |= {"height": height, "width": width, "size": [height, width]}
    kind, pixels = choose.randrange(5), height * width
    if kind == 0:
        case["counts"] = _runs(choose, pixels)
    elif kind == 1:
        case["counts"] = _compressed(choose, pixels)
    elif kind == 2:
        runs = _runs(choose, pixels)
        runs[choose.randrange(len(runs))] = odd_number(choose)
        case["counts"] = runs
    elif kind == 3:
        case["counts"] = choose.choice((odd_text(choose), odd_plain(choose), b"\xff" * 9, [[1, 2]]))
    else:
        case["counts"] = [2**62] * 4 + [pixels]
    if choose.random() < 0.3:
        wrong = (odd_plain(choose), [height], [width, height], [odd_number(choose), width], "34")
        case["size"] = choose.choice(wrong)
    if choose.random() < 0.1:
        case["height"], case["width"] = odd_number(choose), odd_number(choose)
    return case


def _runs(choose: random.Random, pixels: int) -> list[Any]:
    cuts = sorted(choose.randrange(pixels + 1) for _ in range(choose.randrange(1, 6)))
    runs = [after - before for before, after in zip([0, *cuts], [*cuts, pixels], strict=True)]
    return [run + choose.choice((0, 0, 0, 0, 1, -1)) for run in runs]


def _compressed(choose: random.Random, pixels: int) -> Any:
    letters = bytes(range(48, 112))
    text = bytes(choose.choice(letters) for _ in range(choose.randrange(12)))
    text = damaged_bytes(choose, text) if choose.random() < 0.3 else text
    return text if choose.random() < 0.2 else text.decode("latin-1")


def model_yaml(choose: random.Random, whole: str) -> Case:
    """The text of a `llmseg.yaml`, damaged."""
    return {"text": damaged_lines(choose, whole)}


def data_line(choose: random.Random) -> Case:
    """A line of a data folder's samples.jsonl."""
    record = json.loads(DATA_LINE["line"])
    question = record["questions"][0]
    odd = partial(odd_plain, choose)
    for _ in range(choose.randrange(1, 4)):
        kind = choose.randrange(12)
        if kind < 3:
            record[choose.choice(("name", "image", "questions", "odd"))] = odd()
        elif kind < 6:
            question[choose.choice(("text", "mask", "ignore", "kind", "category", "odd"))] = odd()
        elif kind == 6:
            code = run_lengths(choose)
            question["mask"] = {"size": code["size"], "counts": code["counts"]}
        elif kind == 7:
            question["mask"] = [[odd_number(choose) for _ in range(choose.randrange(9))]]
        elif kind == 8:
            question["mask"] = choose.choice(
                ("images/0.png", "images/1.png", "..", "/dev/zero", "pipe")
            )
        elif kind == 9:
            record["image"] = choose.choice(
                ("..", "/etc/hostname", "pipe", "images", "a\0", "x" * 300)
            )
        elif kind == 10:
            record.pop(choose.choice(list(record)), None)
            record.setdefault("questions", [question])
        else:
            record["name"] = choose.choice(
                ("a\0b", "n" * 300, "\ud800", "a/../b", "/a", "CON", ".", "a\nb")
            )
    line = json.dumps(record, default=lambda text: text.decode("latin-1")).encode()
    if choose.random() < 0.2:
        line = damaged_bytes(choose, line)
    if choose.random() < 0.05:
        line = choose.choice((b"[" * 100_000, b"\xff\xfe", b"9" * 5_000, b"{}", b"null", b'"a"'))
    return {"line": line.replace(b"\n", b" ")}
