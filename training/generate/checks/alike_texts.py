# SPDX-License-Identifier: Apache-2.0
"""Questions that are nearly the same, among many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from .words import rouge_l, words

__all__ = ["AlikeTexts"]


class AlikeTexts:
    """Texts that were seen, and whether another is alike to one of them (ROUGE-L).

    Two texts that are alike enough share many words, so they share one of the rarest words of
    both; only texts that do are compared. Nothing is missed by that.

    Args:
        corpus: all texts that will be added or looked for; their words say which are rare.
        least: ROUGE-L from which two are alike, above 0.
    """

    def __init__(self, corpus: Iterable[str], least: float) -> None:
        if not 0 < least <= 1:
            raise ValueError(f"least is {least}, it must be above 0 and at most 1")
        self.least = least
        self._common = Counter(word for text in corpus for word in set(_marked(words(text))))
        self._by_word: dict[tuple[str, int], list[int]] = {}
        self._texts: list[tuple[list[str], str]] = []

    def add(self, text: str, name: str) -> None:
        """Remember a text under a name."""
        said = words(text)
        self._texts.append((said, name))
        for word in self._rarest(said):
            self._by_word.setdefault(word, []).append(len(self._texts) - 1)

    def like(self, text: str) -> str | None:
        """The name of a text that is alike; None if none is."""
        said = words(text)
        near = {place for word in self._rarest(said) for place in self._by_word.get(word, ())}
        for place in sorted(near):
            other, name = self._texts[place]
            if rouge_l(said, other) >= self.least:
                return name
        return None

    def _rarest(self, said: list[str]) -> list[tuple[str, int]]:
        """So many of the rarest words that one of them is shared with every alike text."""
        marked = sorted(_marked(said), key=lambda word: (self._common[word], word))
        # F1 of a common subsequence of c words is at most 2 c / (m + n) with n >= c.
        shared = math.ceil(self.least * len(marked) / (2 - self.least) - 1e-9)
        return marked[: len(marked) - shared + 1]


def _marked(said: list[str]) -> list[tuple[str, int]]:
    """Words with how often each was there before, so that no two are the same."""
    seen: Counter[str] = Counter()
    found = []
    for word in said:
        found.append((word, seen[word]))
        seen[word] += 1
    return found
