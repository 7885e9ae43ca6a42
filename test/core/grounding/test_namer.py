# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from llmseg_core.grounding.chat import SeenImage
from llmseg_core.grounding.namer import InstructionNamer, Named, VlmNamer

IMAGE = np.zeros((4, 6, 3), np.uint8)


class Scripted:
    """Says what it is told to, and keeps what it was asked."""

    trouble = ""

    def __init__(self, said: str) -> None:
        self.said, self.asked = said, ""

    def look(self, image: np.ndarray) -> SeenImage:
        return SeenImage(None, image.shape[:2], image.shape[:2])

    def answer(self, image: SeenImage, question: str) -> str:
        self.asked = question
        return self.said

    def yes(self, image: SeenImage, question: str) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("instruction", "phrase"),
    [
        ("the red cup", "the red cup"),
        ("  the  red cup. ", "the red cup"),
        ("Segment the red cup!", "the red cup"),
        ("please find the cup and the spoon", "the cup and the spoon"),
        ("Could you show me the red cup?", "the red cup"),
        ("where is the cup?", "the cup"),
        ("show", "show"),
        ("?", "?"),
    ],
)
def test_the_instruction_is_the_phrase(instruction: str, phrase: str) -> None:
    assert InstructionNamer().name(None, instruction) == Named(phrase)


def test_questions_are_not_understood() -> None:
    named = InstructionNamer().name(None, "What can I drink from?")
    assert named.phrase == "What can I drink from"
    assert "answers no questions" in named.reason
    assert not InstructionNamer.takes_questions
    with pytest.raises(ValueError, match="dtype float64"):
        InstructionNamer().look(np.zeros((4, 4, 3)))


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("A red cup.", Named("A red cup")),
        (" cup \n", Named("cup")),
        ("", Named("", "the VLM named nothing")),
        (" . ", Named("", "the VLM named nothing")),
        ("None.", Named("", "the VLM says that nothing in the image fits")),
    ],
)
def test_a_vlm_names(said: str, named: Named) -> None:
    chat = Scripted(said)
    namer = VlmNamer(chat, "{instruction} In one word {{now}}.")
    assert namer.name(namer.look(IMAGE), " What is {it}? ") == named
    assert chat.asked == "What is {it}? In one word {now}."


def test_requests_have_one_place() -> None:
    with pytest.raises(
        ValueError, match=r"request is 'cup', it must be a text with \{instruction\}"
    ):
        VlmNamer(Scripted(""), "cup")
