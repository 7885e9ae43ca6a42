# SPDX-License-Identifier: Apache-2.0
"""What a good language model would answer about rendered scenes, for a server on this machine."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from helpers.generate_place import listed_regions, questions_reply, said
from helpers.vlm_server import reply
from llmseg_training.questions.function_phrases import FUNCTION_PHRASES
from llmseg_training.questions.knowledge import FUNCTIONS
from llmseg_training.questions.wording import goal, has_goal

__all__ = ["TruthfulAsker"]


class TruthfulAsker:
    """Writes a question about each category, and answers questions as they are meant.

    The same request has the same answer, whenever it comes.

    Args:
        errs: whether about every third image is asked about with a wrong answer, and every fourth
            one with no question at all at the first attempt.
    """

    def __init__(self, errs: bool = False) -> None:
        self.errs = errs

    def __call__(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        """The behaviour of a `VlmServer`."""
        text = said(body)
        if "describe the content" in text:
            return 200, reply("A table with some things on it.")
        if "A person says" in text:
            return 200, reply(self._voted(text))
        if self.errs and not _drawn(text, 4) and not body["temperature"]:
            return 200, reply("As a language model I cannot see images.")
        if "[Important Objects]" in text:
            return 200, reply(self._paper(text))
        return 200, reply(self._asked(text))

    def _asked(self, text: str) -> str:
        regions = listed_regions(text.partition("Regions:")[2].partition("Write ")[0])
        items = []
        for category in dict.fromkeys(regions.values()):
            question = _question(category, regions.values(), text)
            if question is not None:
                numbers = [number for number, name in regions.items() if name == category]
                items.append((question, "function", numbers, category))
        if items and self.errs and not _drawn(text, 3):
            question, kind, numbers, answer = items[0]
            others = [number for number in regions if number not in numbers][:1]
            items[0] = question, kind, others, answer
        if '"nothing"' in text:
            items.append(("I would like to fasten my seat belt now.", "nothing", [], "seat belt"))
        return questions_reply(*items[:5])

    def _paper(self, text: str) -> str:
        names = re.findall(r"\[Important Objects\]:\n\n(.+)\n", text)[-1].split(" | ")
        names = [name.replace("_", " ") for name in names]
        asked = [(_question(name, names, text), name) for name in names]
        return "\n".join(
            f"{number}. [Q]: {question} [A]: {name}"
            for number, (question, name) in enumerate(asked, 1)
            if question is not None
        )

    def _voted(self, text: str) -> str:
        question = re.findall(r'A person says[^"]*"(.+)"', text)[0]
        if "Guess" in text:
            names = re.findall(r"The things are: (.+)\. Guess", text)[0].split(", ")
            fits = [name for name in names if question in _questions(name, names)]
            return json.dumps({"answer": fits[0] if fits else "none of these"})
        regions = listed_regions(text.partition("Regions:")[2])
        names = regions.values()
        fits = [n for n, name in regions.items() if question in _questions(name, names)]
        return json.dumps({"regions": fits})


_SENTENCES = (
    "What would you hand me when I want to {goal}?",
    "I have to {goal} before the guests come; what helps?",
    "Somebody told me to {goal}. Which of these would do?",
    "Suppose that we {goal} together, what do we take?",
)


def _questions(category: str, present: Any) -> list[str]:
    """Questions that this category alone answers among those that are there."""
    there = set(present)
    goals = [
        goal(phrase)
        for concept in FUNCTIONS.values()
        if concept.fits & there == {category} and not concept.maybe & there
        for phrase in FUNCTION_PHRASES[concept.name].phrases("train")
        if has_goal(phrase)
    ]
    return [sentence.format(goal=each) for each in goals for sentence in _SENTENCES]


def _question(category: str, present: Any, about: str) -> str | None:
    """One of them, another one about every image."""
    some = _questions(category, present)
    return some[_drawn(f"{about}{category}", len(some))] if some else None


def _drawn(text: str, count: int) -> int:
    """A number below `count` that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode()).digest()[:4], "big") % count
