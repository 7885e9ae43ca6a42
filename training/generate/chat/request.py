# SPDX-License-Identifier: Apache-2.0
"""What a language model is asked, what it answers, and who can answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ...proposals.record import image_digest

__all__ = ["ChatModel", "ChatReply", "ChatRequest"]


@dataclass(frozen=True)
class ChatRequest:
    """A conversation of one turn.

    Attributes:
        model: who is asked.
        text: what the user says, after the images.
        images: (H, W, 3) uint8 RGB each.
        system: what is said before; "" says nothing.
        schema: JSON schema that the answer must follow, or None.
        max_tokens: most tokens of the answer.
        temperature: of sampling; 0 takes the likeliest words.
        seed: of sampling.
    """

    model: str
    text: str
    images: tuple[np.ndarray, ...] = ()
    system: str = ""
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0

    def digest(self) -> str:
        """32 hexadecimal digits that tell one request from all others, on any machine."""
        plain = {
            "model": self.model,
            "system": self.system,
            "text": self.text,
            "images": [image_digest(image) for image in self.images],
            "schema": self.schema,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
        }
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()

    def again(self, attempt: int) -> ChatRequest:
        """The same, asked anew after an answer that was none; the first attempt is 0."""
        if attempt == 0:
            return self
        warmth = max(self.temperature, 0.5)  # the likeliest words would be the same again
        return replace(self, seed=self.seed + 7919 * attempt, temperature=warmth)


@dataclass(frozen=True)
class ChatReply:
    """An answer.

    Attributes:
        text: as it came.
        prompt_tokens: of the question; what the model says, or a guess if it does not.
        reply_tokens: of the answer, likewise.
        is_whole: whether the model ended it, rather than the limit of tokens.
    """

    text: str
    prompt_tokens: int
    reply_tokens: int
    is_whole: bool = True


class ChatModel(Protocol):
    """Answers requests; may be asked by several threads at once."""

    def ask(self, request: ChatRequest) -> ChatReply:
        """Answer once.

        Raises:
            TimeoutError: if there is no answer in time.
            RefusedError: if the request is refused (training cannot tell why, a person may).
            ConnectionError: if nobody is there.
            ValueError: if this model can never answer such a request.
        """
