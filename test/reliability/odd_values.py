# SPDX-License-Identifier: Apache-2.0
"""Values that nobody expects, and damage to values that were right."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["damaged_bytes", "damaged_lines", "odd_number", "odd_plain", "odd_text"]

NUMBERS = (
    0, 1, -1, 2, 3, 7, 255, 256, 2**15, 2**16 - 1, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53,
    2**62, 2**63 - 1, 2**63, 2**64, 10**30, -(2**31), -(2**63), 0.0, -0.0, 0.5, 1e-308, 5e-324,
    1e-10, 1.7e308, float("nan"), float("inf"), float("-inf"), True, False,
)  # fmt: skip

TEXTS = (
    "", " ", "\n", "\t\r\n ", "mug", "a\0b", "\0", "\x1b[2J\x07", "\u2603", "\U0001f37a" * 9,
    "e\u0301", "\u202eright to left", "\ufeffmark", "\ud800", "[SEG]", "[SEG].[SEG]", "<image>",
    "<im_start>", "</s>", "<s>USER: ASSISTANT:", "{instruction}", "{0} {x!r} %s %(a)s", "${HOME}",
    "$(id)", "../..", "/etc/passwd", "~", "/", ".", "..", "-", "--help", "nan", "NaN", "Infinity",
    "null", "true", "1", "'", '"', "'; drop table", "\\", "\\N{SNOWMAN}", "a" * 255, "a/" * 200,
    "x" * 300, "mug " * 300,
)  # fmt: skip
DEEP = "a: " + "[" * 1_000
LONG_TEXTS = ("mug " * 2_499, "\u2603" * 10_000, "mug " * 2_501, "x" * 100_000, "mug " * 250_000)


def odd_text(choose: random.Random, long: bool = False) -> str:
    """A text; with `long`, one in twenty has 10 kB to 1 MB."""
    draw = choose.random()
    if long and draw < 0.05:
        return choose.choice(LONG_TEXTS)
    if draw < 0.7:
        return choose.choice(TEXTS)
    letters = "abc \u00e9\u4e2d\0\n'\"{}[]<>"
    return "".join(choose.choice(letters) for _ in range(choose.randrange(1, 40)))


def odd_number(choose: random.Random) -> Any:
    """A whole number of any size, a float, perhaps not finite, or a bool."""
    if choose.random() < 0.8:
        return choose.choice(NUMBERS)
    return choose.randrange(-(2**66), 2**66) >> choose.randrange(66)


def odd_plain(choose: random.Random, depth: int = 2) -> Any:
    """What JSON and YAML can hold."""
    kind = choose.randrange(6 if depth else 4)
    if kind == 0:
        return None
    if kind == 1:
        return odd_text(choose)
    if kind in (2, 3):
        return odd_number(choose)
    count = choose.randrange(4)
    if kind == 4:
        return [odd_plain(choose, depth - 1) for _ in range(count)]
    return {odd_text(choose): odd_plain(choose, depth - 1) for _ in range(count)}


def damaged_bytes(choose: random.Random, data: bytes) -> bytes:
    """The same, cut, or with bytes that are changed, taken out, put in or repeated."""
    damaged = bytearray(data)
    for _ in range(choose.randrange(1, 5)):
        place = choose.randrange(len(damaged) + 1)
        length = choose.choice((1, 1, 2, 4, 4, 8, 64))
        kind = choose.randrange(5)
        if kind == 0:
            del damaged[place:]
        elif kind == 1:
            del damaged[place : place + length]
        elif kind == 2:
            damaged[place:place] = choose.randbytes(length)
        elif kind == 3:
            damaged[place : place + length] = choose.randbytes(len(damaged[place : place + length]))
        else:
            extreme = choose.choice((b"\xff", b"\0", b"\x7f", b"\x80"))
            damaged[place : place + length] = extreme * len(damaged[place : place + length])
    return bytes(damaged)


def damaged_lines(choose: random.Random, text: str) -> str:
    """The same, with lines left out, doubled, indented, cut or followed by odd ones."""
    lines = text.splitlines()
    for _ in range(choose.randrange(1, 4)):
        place = choose.randrange(len(lines)) if lines else 0
        kind = choose.randrange(7)
        if kind == 0:
            del lines[place : place + 1]
        elif kind == 1:
            lines[place:place] = lines[place : place + 1]
        elif kind == 2:
            lines[place : place + 1] = [f"  {line}" for line in lines[place : place + 1]]
        elif kind == 3:
            del lines[place:]
        elif kind == 4:
            key = lines[place].partition(":")[0] if lines else "a"
            lines[place : place + 1] = [f"{key}: {_yaml_value(choose)}"]
        elif kind == 5:
            lines.insert(
                place,
                choose.choice(("- x", "x: [", "? [1]", "3: 4", "{", "\t", "--- ", "&a", DEEP)),
            )
        else:
            lines = (
                damaged_bytes(choose, "\n".join(lines).encode())
                .decode(errors="replace")
                .split("\n")
            )
    return "\n".join(lines)


def _yaml_value(choose: random.Random) -> str:
    plain = odd_plain(choose)
    words = (
        "[]",
        "{}",
        "*a",
        "!!python/object:os.system x",
        "!!set {a}",
        "1e400",
        "0x1g",
        "1_0",
        "~",
    )
    return choose.choice(words) if choose.random() < 0.3 else repr(plain)
