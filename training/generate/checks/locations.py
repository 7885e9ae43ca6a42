# SPDX-License-Identifier: Apache-2.0
"""Whether a question says where in the image its answer is."""

from __future__ import annotations

import re

__all__ = ["tells_location"]

_FRAME = (
    r"(?:the |this |that |an? )?(?:image|picture|photo|photograph|scene|frame|view|screen|shot)"
)
_SIDE = r"(?:left|right)"
_FAR = r"(?:(?:far|very|extreme|upper|lower|top|bottom|front|back|immediate|near) ?-? ?)*"
_NOT_PLACE = (
    r"(?! (?:time|moment|place|way|size|order|track|temperature|amount|tool|tools|kind|thing|one"
    r"|height|angle|conditions?|now|after|before|away)\b)"
)

_ABSOLUTE = tuple(
    re.compile(pattern)
    for pattern in (
        # on the left, to the far right, in the upper left
        r"\b(?:on|at|in|to|toward|towards|from|along|near) (?:the |my |your |our |his |her )?"
        rf"{_FAR}{_SIDE}\b{_NOT_PLACE}",
        rf"\b{_SIDE}(?:most|-?hand| ?-? ?hand side| side| corner| edge| half| part| third| end)\b",
        # the top left, the upper half, the bottom corner
        rf"\b(?:top|bottom|upper|lower) ?-? ?(?:{_SIDE}\b|corner|edge|half|third|quarter|portion"
        r"|section|row)",
        rf"\b(?:top|bottom|upper|lower|middle|central|side|front|back) (?:part|area|region|end)? ?"
        rf"of {_FRAME}\b",
        # at the bottom, in the middle, near the edge
        r"\b(?:at|in|near|toward|towards|from|along) the (?:very |exact |dead |far |extreme )*"
        r"(?:top|bottom|cent(?:er|re)|middle|corner|edge|front|back|rear|foreground|background"
        r"|distance|periphery|margin)\b(?! of (?:the )?(?:night|day|week|winter|summer|year|meal"
        r"|throat|mind|cup|mug|bottle|pot|pan|bowl|drawer|cupboard|head|hand|mouth))",
        r"\b(?:fore|back)ground\b",
        r"\b(?:cent(?:er|re)|centred|centered|middle|corner|edge|border|quadrant)"
        rf" (?:in|of|on|within) {_FRAME}\b",
        r"\b(?:upper|lower|top|bottom|outer)most\b",
        # nearest to the camera, closest to us
        r"\b(?:near|nearest|close|closer|closest|far|farther|farthest|further|furthest)"
        r" (?:away )?(?:to|from) (?:the |where )?"
        r"(?:camera|viewer|photographer|observer|lens|us|you|me)\b",
        r"\b(?:farthest|furthest) (?:away|back)\b",
        r"\bquadrant\b|\bo'clock\b|\bcoordinates?\b|\bpixels?\b",
    )
)
_THING = rf"(?! {_FRAME}\b)"
_RELATIVE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:on|to|at) the (?:immediate |far )?{_SIDE}(?:-?hand)?(?: side)? of\b{_THING}",
        rf"\b(?:just |immediately |directly )?{_SIDE} of\b{_THING}",
        r"\b(?:is|are|sits?|stands?|lies|lying|sitting|standing|placed|located|positioned|resting"
        r"|situated|found|thing|object|item|something|one|ones)"
        r" (?:right |just |directly |immediately |that is |that's |which is )*"
        r"(?:next to|beside|behind|in front of|above|below|under|beneath|underneath|on top of|atop"
        r"|near|close to|adjacent to|between|opposite)\b",
    )
)


def tells_location(question: str, relation: bool) -> bool:
    """Whether a question says where in the image, or beside what, its answer is.

    Args:
        question: its text.
        relation: whether the question is about how things stand to each other, so that a place
            beside another thing is what one must understand; a place in the image never is.
    """
    text = " ".join(question.lower().replace("\u2019", "'").replace("-", " - ").split())
    text = text.replace(" - ", "-")
    if relation:
        for pattern in _RELATIVE:
            text = pattern.sub(" ", text)
    elif any(pattern.search(text) for pattern in _RELATIVE):
        return True
    text = " ".join(text.split())
    return any(pattern.search(text) for pattern in _ABSOLUTE)
