# SPDX-License-Identifier: Apache-2.0
"""The numbers in the words of a language model.

`parse_marks` is a pure function and never raises: whatever a model writes becomes numbers that were
drawn, or a reason why there are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .box_text import LONGEST_TEXT, answer_part, quoted_answer, says_nothing

__all__ = ["NamedMarks", "parse_marks"]

LIST = re.compile(r"\[\s*((?:[\"']?#?\d{1,4}[\"']?\s*,?\s*)*)(?:\]|$)")
"""numbers in brackets, which may be cut off"""
NUMBER = re.compile(r"(?<![\w.,])#?(\d{1,4})(?![\w%]|[.,]\d)")
"""a whole number that stands alone"""
RANGE = re.compile(r"(?<![\w.,])#?(\d{1,4})\s*(?:-|\u2013|to)\s*#?(\d{1,4})(?![\w%]|[.,]\d)")


@dataclass(frozen=True)
class NamedMarks:
    """What a model's answer names.

    Attributes:
        numbers: that were drawn, in the order of the answer, each once.
        reason: why there is none, for people; "" if there is one.
    """

    numbers: tuple[int, ...]
    reason: str = ""


def parse_marks(text: str, count: int) -> NamedMarks:
    """The numbers in an answer.

    Of several lists in brackets the last counts. Without one, all whole numbers that stand alone
    do ("1 and 4", "#3", "2-5"), unless the answer says that nothing fits. Of an answer with
    `<think>` or `<answer>` only the answer counts.

    Args:
        text: what the model wrote.
        count: how many numbers were drawn, from 1.
    """
    answer = answer_part(text[:LONGEST_TEXT])
    if not answer:
        return NamedMarks((), "the VLM gave no answer")
    lists = LIST.findall(answer)
    found = [int(each) for each in re.findall(r"\d+", lists[-1])] if lists else _loose(answer)
    drawn = tuple(dict.fromkeys(number for number in found if 1 <= number <= count))
    if drawn:
        return NamedMarks(drawn)
    if found and any(found):
        named = ", ".join(map(str, dict.fromkeys(found)))
        return NamedMarks((), f"the VLM names {named}, the numbers end at {count}")
    if lists or found or says_nothing(answer):  # [], [0] and 0 say it too
        return NamedMarks((), "the VLM says that nothing in the image fits")
    return NamedMarks((), f"the VLM's answer has no number: {quoted_answer(answer)}")


def _loose(answer: str) -> list[int]:
    """Numbers without brackets; none where the answer says that nothing fits."""
    if says_nothing(answer):
        return []
    found: list[int] = []
    for match in RANGE.finditer(answer):
        first, last = int(match[1]), int(match[2])
        if first <= last <= first + 100:
            found.extend(range(first, last + 1))
    rest = RANGE.sub(" ", answer)
    return found + [int(each) for each in NUMBER.findall(rest)]
