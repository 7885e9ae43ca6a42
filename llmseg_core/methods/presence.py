# SPDX-License-Identifier: Apache-2.0
"""How sure a VLM is that anything in an image is meant."""

from __future__ import annotations

from llmseg_core.config.llm_seg import INSTRUCTION
from llmseg_core.grounding.chat import ChatVlm, SeenImage

__all__ = ["presence"]


def presence(chat: ChatVlm, seen: SeenImage, question: str | None, instruction: str) -> float:
    """The VLM's share of yes, [0, 1]; 1 if it is not to be asked.

    Args:
        chat: the VLM.
        seen: the image as it has taken it in.
        question: what it is asked, with "{instruction}"; None asks nothing.
        instruction: what is to be there.
    """
    if question is None:
        return 1.0
    return chat.yes(seen, INSTRUCTION.fill(question, instruction.strip()))
