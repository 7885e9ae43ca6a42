# SPDX-License-Identifier: Apache-2.0
"""VLMs that answer in words: the interface, and greedy writing after a cached image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedTokenizerBase

from llmseg_core.vlm.families import image_vlm_of
from llmseg_core.vlm.kv_cache import grown_from

__all__ = ["ChatVlm", "LocalChat", "SeenImage", "first_ids", "yes_share"]

YES, NO = ("yes", "Yes", "YES"), ("no", "No", "NO")


@dataclass(frozen=True)
class SeenImage:
    """One image as a VLM has taken it in.

    Attributes:
        content: keys and values of the prompt up to and with the image, or what a server is sent.
        image_size: (H, W) of the image in pixels.
        processed_size: (height, width) of the image as the VLM saw it, in pixels.
    """

    content: Any
    image_size: tuple[int, int]
    processed_size: tuple[int, int]

    @property
    def next_position(self) -> int:
        """Where the prompt goes on, in the count of a language model in this process."""
        next_position: int | None = self.content.next_position
        return int(self.content.length) if next_position is None else next_position


class ChatVlm(Protocol):
    """Answers questions about an image in words; the image is taken in once."""

    @property
    def trouble(self) -> str:
        """Why it cannot answer now, for people; "" while it can."""

    def look(self, image: np.ndarray) -> SeenImage:
        """Everything about an image that does not depend on the question.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is no such array.
        """

    def answer(self, image: SeenImage, question: str) -> str:
        """The likeliest words, without chance; "" if the VLM says nothing.

        Args:
            image: from `look`; it is not changed.
            question: a text.

        Raises:
            ValueError: if the question is too long for the VLM.
            ConnectionError, TimeoutError: if it is behind an address that does not answer.
        """

    def yes(self, image: SeenImage, question: str) -> float:
        """How much likelier yes is than no as the answer's first word, [0, 1]; raises alike."""


class LocalChat(ABC):
    """What VLMs in this process have in common.

    A subclass names the prompt's tokens and takes in the image; the rest is written greedily, one
    forward pass of the language model a token.

    Args:
        model: the VLM; its device and dtype are used.
        tokenizer: its tokenizer.
        max_tokens: most tokens of an answer.
    """

    trouble = ""

    def __init__(
        self, model: Any, tokenizer: PreTrainedTokenizerBase, max_tokens: int = 512
    ) -> None:
        self.model = model.eval()
        self.vlm = image_vlm_of(model)
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.yes_ids = first_ids(tokenizer, YES)
        self.no_ids = first_ids(tokenizer, NO)

    @property
    def device(self) -> torch.device:
        """Where the VLM runs."""
        device: torch.device = self.model.device
        return device

    @abstractmethod
    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`."""

    @abstractmethod
    def tail_ids(self, question: str) -> list[int]:
        """Token ids of the prompt after the image, up to where the answer begins."""

    @torch.inference_mode()
    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`."""
        cache, position, written = grown_from(image.content), image.next_position, list[int]()
        ids, ends = self._checked_ids(image, question), self._end_ids()
        while len(written) < self.max_tokens:
            token = int(self.next_logits(ids, cache, position).argmax())
            position += len(ids)
            if token in ends:
                break
            written.append(token)
            ids = [token]
        return str(self.tokenizer.decode(written, skip_special_tokens=True)).strip()

    @torch.inference_mode()
    def yes(self, image: SeenImage, question: str) -> float:
        """See `ChatVlm`."""
        ids = self._checked_ids(image, question)
        logits = self.next_logits(ids, grown_from(image.content), image.next_position)
        return yes_share(
            float(logits[self.yes_ids].logsumexp(0)), float(logits[self.no_ids].logsumexp(0))
        )

    def next_logits(self, ids: Sequence[int], cache: DynamicCache, position: int) -> Tensor:
        """(vocabulary,) float32, what comes after the last of some tokens.

        Args:
            ids: of text.
            cache: what came before; it grows.
            position: of the first of them.
        """
        tokens = torch.tensor([list(ids)], dtype=torch.int64, device=self.device)
        hidden = self.vlm.read(tokens, cache, position)
        logits: Tensor = self.model.lm_head(hidden[:, -1])[0].float()
        return logits

    def _checked_ids(self, image: SeenImage, question: str) -> list[int]:
        ids = self.tail_ids(question)
        known = image.content.length
        longest = int(self.model.config.text_config.max_position_embeddings)
        if known + len(ids) + self.max_tokens > longest:
            raise ValueError(
                f"the question {question[:40]!r}... takes {len(ids)} tokens, the VLM has room for "
                f"{max(0, longest - known - self.max_tokens)} beside the image's {known} and the "
                f"answer's {self.max_tokens}"
            )
        return ids

    def _end_ids(self) -> set[int]:
        """Tokens that end an answer."""
        generation = getattr(self.model, "generation_config", None)
        given = [getattr(generation, "eos_token_id", None), self.tokenizer.eos_token_id]
        flat = [each for one in given for each in (one if isinstance(one, list) else [one])]
        return {int(each) for each in flat if each is not None}


def first_ids(tokenizer: PreTrainedTokenizerBase, words: Sequence[str]) -> list[int]:
    """The first token of each word, alone and after a blank."""
    texts = [text for word in words for text in (word, f" {word}")]
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return sorted({ids[0] for ids in encoded if ids})


def yes_share(yes: float, no: float) -> float:
    """The share of yes among two log-probabilities, [0, 1]."""
    return float(torch.sigmoid(torch.tensor(yes - no, dtype=torch.float64)))
