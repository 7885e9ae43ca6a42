# SPDX-License-Identifier: Apache-2.0
"""Which language model answers: one behind an address, or one in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from llmseg_core.config.limits import Above, AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

__all__ = ["ModelConfig"]


@dataclass(frozen=True)
class ModelConfig(Settings):
    """A language model, or one that sees: `url` and `model`, or `path`."""

    url: str | None = None
    """of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; nothing else is called"""
    model: str = ""
    """name of the model at that server"""
    path: str | None = None
    """folder of a model, as transformers writes it, for this process"""
    key_file: str | None = None
    """file whose first line is the server's key; it is kept nowhere else"""
    timeout_s: Annotated[float, Above(0)] = 120.0
    """seconds that an answer may take"""
    concurrency: Annotated[int, Between(1, 256)] = 4
    """requests under way at once; a model in this process answers one after the other"""
    retries: Annotated[int, AtLeast(0)] = 5
    """how often a request is repeated if the server is away, busy or late"""
    first_wait_s: Annotated[float, AtLeast(0)] = 1.0
    """seconds before the first repetition; before each further one twice as many, at most 60"""
    asked_anew: Annotated[int, AtLeast(0)] = 1
    """how often it is asked again after an answer that cannot be read"""
    max_tokens: Annotated[int, AtLeast(1)] = 1024
    """most tokens of an answer"""
    temperature: Annotated[float, Between(0, 2)] = 0.0
    """of sampling"""
    schema: bool = True
    """whether the server is given the JSON schema of an answer (`response_format`)"""
    longest_side: Annotated[int, AtLeast(28)] = 1024
    """pixels of the longer side of an image that is sent; larger ones are shrunk"""
    image_tokens: Annotated[int, AtLeast(0)] = 3000
    """most tokens that an image may count as, for the budget"""
    prompt_price: Annotated[float, AtLeast(0)] = 0.0
    """money for a million tokens of a question"""
    reply_price: Annotated[float, AtLeast(0)] = 0.0
    """money for a million tokens of an answer"""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [name for name in ("url", "path") if getattr(self, name) is not None]
        require(len(given) == 1, "model", given, "either a url and a model, or a path")
        named = self.url is None or bool(self.model.strip())
        require(named, "model", self.model, "the name of the model at the url")

    @property
    def name(self) -> str:
        """What requests and the data set's provenance call it."""
        return self.model or str(self.path)
