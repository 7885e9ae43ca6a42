# SPDX-License-Identifier: Apache-2.0
"""What a VLM is asked: the seg token, the templates of its questions, and LLaVA's conversation.

LLaVA v1's conversation is "SYSTEM USER: IMAGE QUESTION ASSISTANT: ANSWER</s>". It is cut in
two: the part up to and with the image, which is the same for every instruction, and the rest.
With `trim` no blank or line break stands beside the image or the seg token: the tokenizer that
LLaVA v1 was trained with (the Python one of transformers before 4.34) dropped them there.
"""

from __future__ import annotations

from llmseg_core.config import SegTokenConfig
from llmseg_core.config.llm_seg import INSTRUCTION

__all__ = [
    "ANSWERS",
    "CLASS_QUESTIONS",
    "CONTROL_TOKENS",
    "FIXED_ANSWER",
    "IMAGE_END",
    "IMAGE_START",
    "IMAGE_TOKEN",
    "QUESTIONS",
    "SEG_TOKEN",
    "UnaskableError",
    "answer_text",
    "asked_text",
    "check_instruction",
    "question_text",
    "system_text",
]

SEG_TOKEN = "[SEG]"
IMAGE_TOKEN = "<image>"
IMAGE_START = "<im_start>"
IMAGE_END = "<im_end>"

CONTROL_TOKENS = ("<unk>", "<s>", "</s>", "<pad>", IMAGE_TOKEN, IMAGE_START, IMAGE_END, SEG_TOKEN)
"""Entries of the vocabulary that are no text; no instruction may contain one."""

FIXED_ANSWER = f"{SEG_TOKEN}."
"""The answer at inference, so that one forward pass suffices."""

ANSWERS = (
    f"It is {SEG_TOKEN}.",
    f"Sure, {SEG_TOKEN}.",
    f"Sure, it is {SEG_TOKEN}.",
    f"Sure, the segmentation result is {SEG_TOKEN}.",
    FIXED_ANSWER,
)
"""Answers in training."""

QUESTIONS = (
    "{instruction} Please respond with segmentation mask.",
    "{instruction} Please output segmentation mask.",
)
"""Questions for instructions that are full sentences."""

CLASS_QUESTIONS = (
    "Can you segment the {name} in this image?",
    "Please segment the {name} in this image.",
    "What is {name} in this image? Please respond with segmentation mask.",
    "What is {name} in this image? Please output segmentation mask.",
)
"""Questions for the name of a class."""


class UnaskableError(ValueError):
    """An instruction that no VLM can be asked, or that is too long for this one."""


def check_instruction(instruction: str) -> None:
    """Refuse what cannot be asked.

    Raises:
        UnaskableError: if the instruction is empty, holds a token with a meaning of its own, or
            letters that UTF-8 cannot write.
    """
    if not instruction.strip():
        raise UnaskableError("the instruction is empty, it must be a text such as 'the red cup'")
    for token in CONTROL_TOKENS:
        if token in instruction:
            raise UnaskableError(f"the instruction {_cut(instruction)} must not contain {token}")
    try:
        instruction.encode()
    except UnicodeEncodeError as error:
        raise UnaskableError(
            f"the instruction {_cut(instruction)} has half a letter at {error.start}, it must be "
            f"text that UTF-8 can write"
        ) from None


def system_text(config: SegTokenConfig) -> str:
    """The system text and the name of the asking side."""
    text = f"{config.system} {config.user}:".lstrip()
    return text if config.trim else f"{text} "


def question_text(config: SegTokenConfig, instruction: str) -> str:
    """What the VLM is asked about an instruction.

    Args:
        config: its template.
        instruction: the user's text; blanks around it are dropped.

    Raises:
        UnaskableError: as `check_instruction`.
    """
    check_instruction(instruction)
    return INSTRUCTION.fill(config.question, instruction.strip())


def asked_text(config: SegTokenConfig, question: str) -> str:
    """A question that follows the image, up to the name of the answering side."""
    text = f"{question} {config.assistant}:"
    return text if config.trim else f"\n{text}"


def answer_text(config: SegTokenConfig, answer: str = FIXED_ANSWER) -> str:
    """The answer that follows the question, without the end-of-text token.

    Args:
        config: says whether blanks beside the seg token are dropped.
        answer: a text with one seg token.

    Raises:
        ValueError: if the answer does not contain the seg token once.
    """
    if answer.count(SEG_TOKEN) != 1:
        raise ValueError(f"the answer is {answer!r}, it must contain {SEG_TOKEN} once")
    if not config.trim:
        return f" {answer}"
    return SEG_TOKEN.join(part.strip() for part in answer.split(SEG_TOKEN))


def _cut(text: str) -> str:
    """A text for a message, cut where it is long."""
    return repr(text) if len(text) <= 60 else f"{text[:60]!r}..."
