# SPDX-License-Identifier: Apache-2.0
"""Boxes and points in the words of a language model, as targets in pixels of the image.

`parse_grounding` is a pure function and never raises: whatever a model writes becomes targets that
lie in the image, or a reason why there are none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmseg_core.config.grounding import BoxFormat
from llmseg_core.prompted.target import Target

__all__ = ["Grounding", "answer_part", "parse_grounding", "quoted_answer", "says_nothing"]


@dataclass(frozen=True)
class Grounding:
    """What a model's answer shows.

    Attributes:
        targets: in the order of the answer, each once; all lie in the image.
        reason: why there is none, for people; "" if there is one.
    """

    targets: tuple[Target, ...]
    reason: str = ""


MOST_TARGETS = 100
"""more than that is a model that repeats itself"""
LONGEST_TEXT = 100_000
"""characters that are looked at"""
BOX_KEY = re.compile(r"(?:bbox|box)(?:_2d)?")
POINT_KEY = re.compile(r"points?(?:_2d)?(?:_\d+)?")
LABEL_KEYS = ("label", "name", "object", "category", "phrase")
SCORE_KEYS = ("score", "confidence")
NOTHING = re.compile(
    r"\b(?:none|nothing|null|not (?:present|visible|found|there|in)|no (?:such|object|target)"
    r"|there (?:is|are) no|there isn't|does(?:n't| not) (?:exist|appear|contain))\b",
    re.IGNORECASE,
)
LOC = re.compile(r"<loc_(\d{1,6})>")
CORNERS = re.compile(r"\(\s*([\d.]+)\s*,\s*([\d.]+)\s*\)\s*,?\s*\(\s*([\d.]+)\s*,\s*([\d.]+)\s*\)")


def parse_grounding(
    text: str,
    box_format: BoxFormat,
    processed_size: tuple[int, int],
    image_size: tuple[int, int],
) -> Grounding:
    """The boxes and points in an answer.

    Read are JSON objects with `bbox_2d` or `bbox` and `point_2d` or `points` (several, one, nested,
    fenced, with words around them, cut off at the end, with single quotes), bare lists of numbers,
    and pairs of corners in brackets; with `loc` location tokens. Corners may be swapped. What
    reaches over the image's edge is cut, what lies outside is left out. Of an answer with
    `<think>` or `<answer>` only the answer counts.

    Args:
        text: what the model wrote.
        box_format: what its numbers mean.
        processed_size: (height, width) of the image as the model saw it, in pixels.
        image_size: (H, W) of the image in pixels.
    """
    answer = answer_part(text[:LONGEST_TEXT])
    if not answer:
        return Grounding((), "the VLM gave no answer")
    shown = _location_tokens(answer) if box_format is BoxFormat.LOC else _json_shown(answer)
    scale = _scale(box_format, processed_size, image_size)
    targets: dict[Target, None] = {}
    outside = 0
    for each in shown:
        target = each.target(scale, image_size)
        if target is None:
            outside += 1
        elif len(targets) < MOST_TARGETS:
            targets[target] = None
    if targets:
        return Grounding(tuple(targets))
    return Grounding((), _reason(answer, outside))


@dataclass(frozen=True)
class _Shown:
    """Numbers as the model wrote them."""

    box: tuple[float, ...] | None
    points: tuple[tuple[float, ...], ...]
    label: str = ""
    score: float | None = None

    def target(self, scale: tuple[float, float], size: tuple[int, int]) -> Target | None:
        """In pixels of the image; None if nothing of it lies there."""
        across, down = scale
        height, width = size
        box = None
        if self.box is not None:
            columns = sorted(min(max(value * across, 0.0), width) for value in self.box[::2])
            rows = sorted(min(max(value * down, 0.0), height) for value in self.box[1::2])
            if columns[0] < columns[1] and rows[0] < rows[1]:
                box = (columns[0], rows[0], columns[1], rows[1])
        points = tuple((x * across, y * down) for x, y in self.points)
        points = tuple((x, y) for x, y in points if 0 <= x <= width and 0 <= y <= height)
        if box is None and not points:
            return None
        return Target(box, points, self.label, self.score)


def _scale(
    box_format: BoxFormat, processed_size: tuple[int, int], image_size: tuple[int, int]
) -> tuple[float, float]:
    """Pixels of the image for one of the model's units, across and down."""
    whole = processed_size if box_format is BoxFormat.ABSOLUTE else (1000, 1000)
    return image_size[1] / whole[1], image_size[0] / whole[0]


def _reason(answer: str, outside: int) -> str:
    if outside:
        return f"nothing that the VLM shows has a place in the image: {quoted_answer(answer)}"
    if says_nothing(answer):
        return "the VLM says that nothing in the image fits"
    return f"the VLM's answer has neither box nor point: {quoted_answer(answer)}"


def says_nothing(answer: str) -> bool:
    """Whether an answer says that nothing in the image fits."""
    if NOTHING.search(answer):
        return True
    return re.search(r"\[\s*\]|^\s*(?:no|n/a)\s*[.!]?\s*$", answer, re.IGNORECASE) is not None


def quoted_answer(text: str) -> str:
    """An answer for a message, cut where it is long."""
    short = " ".join(text.split())
    return repr(short if len(short) <= 80 else f"{short[:77]}...")


def answer_part(text: str) -> str:
    """The text without what was only thought, and without the marks of turns and fences."""
    text = re.sub(r"<think>.*?(?:</think>|(?=<answer>)|$)", " ", text, flags=re.DOTALL)
    text = text.rpartition("</think>")[2]
    if "<answer>" in text:
        text = text.rpartition("<answer>")[2].partition("</answer>")[0]
    text = re.sub(r"```(?:\w+)?", " ", text)
    return re.sub(r"<\|[a-z_]+\|>|</?s>|<pad>", " ", text).strip()


# ------------------------------------------------------------------ JSON


def _json_shown(answer: str) -> list[_Shown]:
    """Objects with boxes or points; without any, bare lists and pairs of corners."""
    as_json = answer.replace("'", '"').replace("None", "null")  # as Python writes it
    for text in (answer, as_json):
        shown = [each for value in _values(text, "{") for each in _in_value(value)]
        if shown:
            return shown
    shown = [_Shown(tuple(map(_number, each)), ()) for each in CORNERS.findall(answer)]
    shown = [each for each in shown if each.box is not None and _finite(each.box)]
    if shown:
        return shown
    return [each for value in _values(answer, "[") for each in _bare(value)]


_DECODER = json.JSONDecoder()
_MOST_FAILURES = 100


def _values(text: str, opening: str) -> Iterator[Any]:
    """Every outermost {...} or [...] that can be read; of one that is cut off its whole parts."""
    failures, position = 0, text.find(opening)
    while position >= 0 and failures < _MOST_FAILURES:
        try:
            value, position = _DECODER.raw_decode(text, position)
            yield value
        except (ValueError, RecursionError):
            failures, position = failures + 1, position + 1
        position = text.find(opening, position)


def _in_value(value: Any, depth: int = 0) -> Iterator[_Shown]:
    """Boxes and points of an object, or of those within it."""
    if depth > 8:
        return
    if isinstance(value, list | tuple):
        for each in value:
            yield from _in_value(each, depth + 1)
    if not isinstance(value, Mapping):
        return
    keys = [key for key in value if isinstance(key, str)]
    boxes = [box for key in keys if BOX_KEY.fullmatch(key) for box in _numbers(value[key], 4)]
    points = [
        point for key in keys if POINT_KEY.fullmatch(key) for point in _numbers(value[key], 2)
    ]
    label = next((value[key] for key in LABEL_KEYS if isinstance(value.get(key), str)), "")
    score = next((float(value[key]) for key in SCORE_KEYS if _is_share(value.get(key))), None)
    if len(boxes) == 1 or (points and not boxes):
        yield _Shown(boxes[0] if boxes else None, tuple(points), label, score)
    elif boxes:
        yield from (_Shown(box, (), label, score) for box in boxes)
    else:
        for key in keys:
            yield from _in_value(value[key], depth + 1)


def _bare(value: Any) -> Iterator[_Shown]:
    """[x, y, x, y], [x, y] or lists of such."""
    boxes = list(_numbers(value, 4))
    yield from (_Shown(box, ()) for box in boxes)
    if not boxes:
        yield from (_Shown(None, (point,)) for point in _numbers(value, 2))


def _numbers(value: Any, count: int) -> Iterator[tuple[float, ...]]:
    """The list of `count` numbers that `value` is, or all that are in it."""
    if not isinstance(value, list | tuple):
        return
    if len(value) == count and all(_is_number(each) for each in value):
        numbers = tuple(_number(each) for each in value)
        if _finite(numbers):
            yield numbers
    elif all(isinstance(each, list | tuple) for each in value):
        for each in value:
            if len(each) == count and all(_is_number(inner) for inner in each):
                numbers = tuple(_number(inner) for inner in each)
                if _finite(numbers):
                    yield numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _number(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError):
        return math.nan


def _finite(numbers: tuple[float, ...]) -> bool:
    return all(math.isfinite(each) and abs(each) < 1e9 for each in numbers)


# ------------------------------------------------------------------ location tokens


def _location_tokens(answer: str) -> list[_Shown]:
    """Words followed by four location tokens a box, or by two for a point at the end."""
    shown: list[_Shown] = []
    label, position, bins = "", 0, list[float]()
    for match in LOC.finditer(answer):
        words = re.sub(r"<[^<>]*>", " ", answer[position : match.start()]).strip(" \n,.;:")
        if words:
            shown += _points(bins, label)
            label, bins = words, []
        bins.append(int(match.group(1)) + 0.5)  # the middle of its bin, as Florence-2 reads it
        position = match.end()
        if len(bins) == 4:
            shown.append(_Shown(tuple(bins), (), label))
            bins = []
    return shown + _points(bins, label)


def _points(bins: list[float], label: str) -> list[_Shown]:
    return [_Shown(None, ((bins[0], bins[1]),), label)] if len(bins) == 2 else []
