# SPDX-License-Identifier: Apache-2.0
"""Questions that a chat model suggests about a chosen thing."""

from __future__ import annotations

import re

import numpy as np

from llmseg_core.grounding.chat import ChatVlm
from llmseg_core.images.overlay import MASK_COLOUR

__all__ = ["MOST_SUGGESTIONS", "suggested_questions"]

MOST_SUGGESTIONS = 3
LONGEST = 200
"""characters of a suggestion; more is no question"""
ABOUT_THING = (
    "One thing in this picture is tinted green. Write {count} different things that a person "
    "could say to a robot so that it finds this very thing: say what it is for, or what is special "
    "about it, and do not name it. Answer with {count} short sentences, one in each line, and "
    "nothing else."
)
ABOUT_NOTHING = (
    "Write {count} things that a person could ask a robot for that are NOT in this picture, but "
    "could be in such a place. Answer with {count} short sentences, one in each line, and nothing "
    "else."
)


def suggested_questions(chat: ChatVlm, image: np.ndarray, mask: np.ndarray) -> list[str]:
    """Ask for questions.

    Args:
        chat: a model that sees.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, what they are to mean; empty for what is not there.

    Returns:
        At most `MOST_SUGGESTIONS`; none if the model says nothing that could be one.

    Raises:
        OSError: if it does not answer.
    """
    seen = image.copy()
    seen[mask] = (image[mask] / 2 + np.array(MASK_COLOUR) / 2).astype(np.uint8)
    asked = ABOUT_THING if mask.any() else ABOUT_NOTHING
    reply = chat.answer(chat.look(seen), asked.format(count=MOST_SUGGESTIONS))
    lines = (_bare(line) for line in reply.splitlines())
    found = [line for line in lines if 3 < len(line) <= LONGEST]
    return list(dict.fromkeys(found))[:MOST_SUGGESTIONS]


def _bare(line: str) -> str:
    """A line without its number, mark or quotes."""
    return re.sub(r"^\s*(?:\d+[.):]|[-*•])\s*", "", line).strip().strip("\"'“”").strip()
