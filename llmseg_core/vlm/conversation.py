# SPDX-License-Identifier: Apache-2.0
"""How a family of VLMs is spoken with: what stands around image, question and answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from .vlm_image import VlmPixels

__all__ = ["Conversation", "encoded"]


class Conversation(ABC):
    """One question about one image, and its answer; needs no weights.

    Args:
        config: of the VLM.
        pixels: how its images are made.
    """

    image_token: ClassVar[str]
    """the entry of the vocabulary that stands for a part of an image"""
    tokens: Sequence[str] = ()
    """entries of the vocabulary that a tokenizer must have beside it and the seg token"""

    def __init__(self, config: PretrainedConfig, pixels: VlmPixels) -> None:
        self.config, self.pixels = config, pixels

    @property
    def positions(self) -> int:
        """Most tokens of a prompt with its answer."""
        return int(self.config.text_config.max_position_embeddings)

    @property
    def image_token_id(self) -> int:
        """What stands for a part of an image, as the VLM's configuration says."""
        return int(self.config.image_token_id)

    @abstractmethod
    def prefix_ids(self, tokenizer: PreTrainedTokenizerBase, grid: tuple[int, int]) -> list[int]:
        """Token ids of the prompt up to and with the image.

        Args:
            tokenizer: the VLM's.
            grid: of the image, see `VlmImage`.
        """

    @abstractmethod
    def asked(self, question: str) -> str:
        """The text from the image's end to where the answer begins."""

    def answered(self, answer: str) -> str:
        """The text of the answer, without the end-of-text token."""
        return answer


def encoded(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a text, with nothing that a tokenizer adds of its own accord."""
    return list(tokenizer.encode(text, add_special_tokens=False))
