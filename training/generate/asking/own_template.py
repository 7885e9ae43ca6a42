# SPDX-License-Identifier: Apache-2.0
"""Our own way: numbered regions, answers as their numbers by a JSON schema, six kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..chat.asker import BadReplyError
from ..sources.source_image import Region, SourceImage
from .draft import DraftKind
from .json_reply import read_items

__all__ = [
    "DESCRIBE_REGIONS",
    "OWN_EXAMPLES",
    "OWN_KINDS",
    "Item",
    "own_prompt",
    "own_schema",
    "read_own",
    "wholes",
]

OWN_KINDS = tuple(kind for kind in DraftKind if kind is not DraftKind.PAPER)
INSIDE = 0.9
"""share of a region within another one, from which it is a part of it"""
SMALLER = 0.6
"""most that a part has of the area of the whole"""
ABSENT_NAMED = 8
"""categories that are not there, that a prompt names"""

DESCRIBE_REGIONS = """\
The picture shows numbered outlines. First say in three sentences what the picture shows. Then write
one line for each number, "NUMBER: what it is, its colour and material, what is beside it".
"""
"""what a model that sees is asked about a picture with numbers"""

_PROMPT = """\
You write questions for a data set of reasoning segmentation. A person asks a robot that sees this
image for something, without naming it; the robot must find the regions that are meant.

{seen}
Regions:
{regions}
{summary}
Write {count} questions. Each of them
- is one sentence of 6 to 30 words, as a person would say it who wants or needs something;
- names neither the thing that is meant nor a synonym of it, and no number of a region;
- says nothing of a place in the image (left, top, corner, background);
- needs knowledge of what things are for, what they are like, or how they stand to each other;
- fits this image, and has one right answer: "regions" lists ALL regions that answer it, no other;
- differs from the other questions; at most 2 of them have the same answer.

"kind" is "function" (what it is for), "property" (material, shape, state, colour with a reason),
"relation" (how it stands to another thing, which may be named){part}, or "several" (two or more
regions that belong together by what they are for). Use different kinds. "answer" is the name of
what is meant.
{nothing}
Reply with JSON alone. Two questions about another image, whose regions were 1: rubber glove,
2: rubber glove, 3: kettle, 4: sponge, would be
{{"questions": [{{"question": "{first}", "kind": "several", "regions": [1, 2], \
"answer": "rubber glove"}}, {{"question": "{second}", "kind": "property", "regions": [4], \
"answer": "sponge"}}]}}
"""
OWN_EXAMPLES = (
    "What should I put on so that my skin stays dry while I do the dishes?",
    "Which soft thing here would soak up the water that I have spilt?",
)
"""questions that a reply may not have"""
_PART = ', "part" (a region that is part of another one)'
_NOTHING = """
One of the questions has the kind "nothing": it asks for something that one would look for in such
a place, but no region and nothing else in the image answers it. Its "regions" is [], its "answer"
what is asked for.{absent}
"""


class Item:
    """One question of a reply.

    Attributes:
        question: its text.
        kind: what one must understand.
        numbers: of regions, as the prompt had them.
        answer: what is meant, in the model's words.
    """

    def __init__(
        self, question: str, kind: DraftKind, numbers: tuple[int, ...], answer: str
    ) -> None:
        self.question, self.kind = question, kind
        self.numbers, self.answer = numbers, answer


def own_prompt(
    image: SourceImage, summary: str, count: int, nothing: bool, sees: bool, seed: int
) -> str:
    """What a model is asked about an image.

    Args:
        image: with masks of all regions; they get the numbers 1, 2, ...
        summary: what somebody said of the image; "" if nobody did.
        count: of questions.
        nothing: whether one of them is to have no answer.
        sees: whether the numbered picture goes with it.
        seed: chooses the absent categories that are named.
    """
    lines = []
    for number, (region, whole) in enumerate(
        zip(image.regions, wholes(image.regions), strict=True), 1
    ):
        left, top, right, bottom = region.box_px
        across, down = image.size[1] / 100, image.size[0] / 100
        place = f"x {left / across:.0f}-{right / across:.0f} %"
        place += f", y {top / down:.0f}-{bottom / down:.0f} %"
        part = "" if whole is None else f", part of {whole + 1}"
        lines.append(f"{number}: {region.category or 'not named'} ({place}{part})")
    seen = "The picture shows their outlines with the same numbers.\n" if sees else ""
    absent = ""
    if image.absent:
        rng = np.random.default_rng(seed)
        named = rng.permutation(list(image.absent))[:ABSENT_NAMED]
        absent = f" Known not to be there: {', '.join(map(str, named))}."
    return _PROMPT.format(
        seen=seen,
        regions="\n".join(lines),
        summary=f"\nWhat somebody says of the image:\n{summary.strip()}\n" if summary else "",
        count=count,
        part=_PART if any(each is not None for each in wholes(image.regions)) else "",
        nothing=_NOTHING.format(absent=absent) if nothing else "",
        first=OWN_EXAMPLES[0],
        second=OWN_EXAMPLES[1],
    )


def own_schema(regions: int, count: int) -> Mapping[str, Any]:
    """The schema of a reply with so many questions about an image of so many regions."""
    item = {
        "type": "object",
        "properties": {
            "question": {"type": "string"},
            "kind": {"type": "string", "enum": [kind.value for kind in OWN_KINDS]},
            "regions": {
                "type": "array",
                "items": {"type": "integer", "enum": list(range(1, regions + 1))},
            },
            "answer": {"type": "string"},
        },
        "required": ["question", "kind", "regions", "answer"],
        "additionalProperties": False,
    }
    listed = {"type": "array", "items": item, "minItems": 1, "maxItems": count}
    return {
        "type": "object",
        "properties": {"questions": listed},
        "required": ["questions"],
        "additionalProperties": False,
    }


def read_own(text: str) -> list[Item]:
    """The questions of a reply; those of another form are left out.

    Raises:
        BadReplyError: if there is none.
    """
    found = []
    for plain in read_items(text, "questions", "question"):
        question, numbers = plain.get("question"), plain.get("regions", [])
        if not isinstance(question, str) or not isinstance(numbers, list):
            continue
        if not question.strip() or not all(type(number) is int for number in numbers):
            continue
        kind = str(plain.get("kind", "")).strip().lower()
        known = {each.value: each for each in OWN_KINDS}
        if kind not in known:
            continue
        text_ = " ".join(question.split())
        answer = " ".join(str(plain.get("answer", "")).split())[:80]
        found.append(Item(text_, known[kind], tuple(dict.fromkeys(numbers)), answer))
    if not found:
        raise BadReplyError("no_questions", text)
    return found


def wholes(regions: Sequence[Region]) -> list[int | None]:
    """For each region the smallest one that it is a part of, from 0; None if it is none."""
    found: list[int | None] = []
    areas = [0 if each.mask is None else int(each.mask.sum()) for each in regions]
    for here, region in enumerate(regions):
        best: int | None = None
        for there, other in enumerate(regions):
            if here == there or region.mask is None or other.mask is None or not areas[here]:
                continue
            if areas[here] > SMALLER * areas[there] or not _boxes_meet(region, other):
                continue
            if (region.mask & other.mask).sum() >= INSIDE * areas[here] and (
                best is None or areas[there] < areas[best]
            ):
                best = there
        found.append(best)
    return found


def _boxes_meet(one: Region, two: Region) -> bool:
    left, top, right, bottom = one.box_px
    return left < two.box_px[2] and right > two.box_px[0] and top < two.box_px[3] and (
        bottom > two.box_px[1]
    )  # fmt: skip
