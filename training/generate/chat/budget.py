# SPDX-License-Identifier: Apache-2.0
"""Requests, tokens and money that a run may spend, and never passes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings

from .model_config import ModelConfig
from .request import ChatRequest

__all__ = ["Budget", "BudgetLimits", "BudgetSpentError", "Spent", "most_spent"]

TEMPLATE_TOKENS = 256
"""most that a model's chat template adds to a question"""


class BudgetSpentError(ValueError):
    """The next request could pass the budget, so it is not sent."""


@dataclass(frozen=True)
class BudgetLimits(Settings):
    """Most that all runs into one folder may spend together; null is no limit.

    A request is sent only if the limits hold even if it takes all that it can: every byte of its
    text a token, `image_tokens` an image, and `max_tokens` of answer.
    """

    requests: Annotated[int, AtLeast(0)] | None = None
    """requests that are sent, repetitions too"""
    tokens: Annotated[int, AtLeast(0)] | None = None
    """tokens of questions and answers together"""
    money: Annotated[float, AtLeast(0)] | None = None
    """at the models' prices"""


@dataclass(frozen=True)
class Spent:
    """What something took."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.requests + other.requests,
            self.tokens + other.tokens,
            self.money + other.money,
        )

    def __sub__(self, other: Spent) -> Spent:
        return self + Spent(-other.requests, -other.tokens, -other.money)


def most_spent(request: ChatRequest, config: ModelConfig) -> Spent:
    """The most that a request can take."""
    asked = len((request.system + request.text).encode(errors="replace")) + TEMPLATE_TOKENS
    asked += len(request.images) * config.image_tokens
    return spent_on(asked, request.max_tokens, config)


def spent_on(prompt_tokens: int, reply_tokens: int, config: ModelConfig) -> Spent:
    """One request of so many tokens."""
    money = (prompt_tokens * config.prompt_price + reply_tokens * config.reply_price) / 1e6
    return Spent(1, prompt_tokens + reply_tokens, money)


class Budget:
    """Counts what is spent; several threads may do so.

    Args:
        limits: what may be spent.
        spent: what was, before.
    """

    def __init__(self, limits: BudgetLimits, spent: Spent | None = None) -> None:
        self.limits = limits
        self.spent = spent or Spent()
        self._held = Spent()
        self._turn = threading.Lock()

    def hold(self, most: Spent) -> None:
        """Set aside what a request can take.

        Raises:
            BudgetSpentError: if that could pass a limit; says which, and what was spent.
        """
        with self._turn:
            after = self.spent + self._held + most
            for name in ("requests", "tokens", "money"):
                limit = getattr(self.limits, name)
                if limit is not None and getattr(after, name) > limit:
                    raise BudgetSpentError(
                        f"the budget of {limit:g} {name} is spent: {getattr(self.spent, name):g} "
                        f"so far, and the next request may take {getattr(most, name):g}. What was "
                        f"answered is kept; raise the budget to go on"
                    )
            self._held += most

    def settle(self, most: Spent, taken: Spent) -> None:
        """Count what a request took of what was set aside."""
        with self._turn:
            self._held -= most
            self.spent += taken
