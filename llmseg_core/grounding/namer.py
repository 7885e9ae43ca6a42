# SPDX-License-Identifier: Apache-2.0
"""Namers: an instruction becomes the phrase that a locator looks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from llmseg_core.config.templates import Template
from llmseg_core.images.image_ops import check_image

from .chat import ChatVlm

__all__ = ["InstructionNamer", "Named", "PhraseNamer", "VlmNamer"]

INSTRUCTION = Template("instruction")
COMMAND = re.compile(
    r"^(?:please\s+)?(?:(?:can|could|will|would)\s+you\s+(?:please\s+)?)?"
    r"(?:segment|find|locate|detect|show(?:\s+me)?|point\s+(?:at|to|out)|mark|highlight|select"
    r"|pick\s+up|grab|give\s+me|where\s+(?:is|are))\s+",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"^(?:what|which|who|how|why|when|something|anything)\b|\?\s*$", re.IGNORECASE
)
NOTHING = ("none", "nothing", "no", "n/a", "no object", "none of them", "there is none")


@dataclass(frozen=True)
class Named:
    """What an instruction names.

    Attributes:
        phrase: what a locator looks for; "" if nothing is named.
        reason: why nothing is named, or what to know if nothing is found, for people.
    """

    phrase: str
    reason: str = ""


class PhraseNamer(Protocol):
    """Names what an instruction means in an image, or that nothing there is meant."""

    @property
    def takes_questions(self) -> bool:
        """Whether it understands more than the names of things."""

    @property
    def trouble(self) -> str:
        """Why it cannot name now, for people; "" while it can."""

    def look(self, image: np.ndarray) -> Any:
        """Everything about an image, (H, W, 3) uint8 RGB, that no instruction changes."""

    def name(self, image: Any, instruction: str) -> Named:
        """What the instruction names.

        Args:
            image: from `look`.
            instruction: not empty.

        Raises:
            ValueError, ConnectionError, TimeoutError: as `ChatVlm.answer`.
        """


class InstructionNamer:
    """Takes the instruction itself as the phrase: no VLM, and no understanding of questions."""

    takes_questions = False
    trouble = ""

    def look(self, image: np.ndarray) -> None:
        """See `PhraseNamer`; nothing is looked at."""
        check_image(image)

    def name(self, image: Any, instruction: str) -> Named:
        """See `PhraseNamer`: without a command before it and marks after it."""
        words = " ".join(instruction.split())
        phrase = COMMAND.sub("", words).strip(" .!?,;:") or words
        asks = QUESTION.search(words) and phrase == words.strip(" .!?,;:")
        hint = "this model looks for what is named, it answers no questions" if asks else ""
        return Named(phrase, hint)


class VlmNamer:
    """Asks a VLM for a word or phrase.

    Args:
        chat: the VLM.
        request: what it is asked, with "{instruction}".

    Raises:
        ValueError: if the request has another place, or none.
    """

    takes_questions = True

    def __init__(self, chat: ChatVlm, request: str) -> None:
        INSTRUCTION.check("request", request)
        self.chat = chat
        self.request = request

    @property
    def trouble(self) -> str:
        """See `PhraseNamer`."""
        return self.chat.trouble

    def look(self, image: np.ndarray) -> Any:
        """See `PhraseNamer`."""
        return self.chat.look(image)

    def name(self, image: Any, instruction: str) -> Named:
        """See `PhraseNamer`: what the VLM says, without a full stop."""
        said = self.chat.answer(image, INSTRUCTION.fill(self.request, instruction.strip()))
        phrase = said.strip().rstrip(".").strip()
        if phrase.lower() in NOTHING:
            return Named("", "the VLM says that nothing in the image fits")
        return Named(phrase, "" if phrase else "the VLM named nothing")
