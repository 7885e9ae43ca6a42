# SPDX-License-Identifier: Apache-2.0
"""Questions as the page sends them, checked before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from llmseg_core.images.run_lengths import decode_runs, encode_mask

from ..data import DataQuestion, QuestionKind

__all__ = ["as_question", "checked_question"]


def checked_question(question: Mapping[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """What is written of a question that the page sends: keys text, kind, category, mask, nothing.

    Raises:
        ValueError: if it cannot be asked, or has no mask although something fits.
    """
    known = {"text", "kind", "category", "mask", "nothing"}
    if set(question) != known:
        raise ValueError(
            f"the question has the keys {sorted(question)}, it must have {sorted(known)}"
        )
    nothing = question["nothing"]
    if type(nothing) is not bool:
        raise ValueError(f"'nothing' is {nothing!r}, it must be true or false")
    mask = np.zeros(size, dtype=bool) if nothing else decode_runs(question["mask"], size)
    if not nothing and not mask.any():
        raise ValueError("no pixel is chosen: choose the thing, or say that nothing here fits")
    text, category = question["text"], question["category"]
    for name, value in (("text", text), ("category", category)):
        if not isinstance(value, str):
            raise ValueError(f"'{name}' is {value!r}, it must be a text")
        value.encode()  # UnicodeEncodeError is a ValueError
    stored = as_question(text.strip(), question["kind"], mask, category.strip())
    return {
        "text": stored.text,
        "kind": stored.kind.value,
        **({"category": stored.category} if stored.category else {}),
        "mask": [] if nothing else encode_mask(mask),
    }


def as_question(text: Any, kind: Any, mask: np.ndarray, category: str = "") -> DataQuestion:
    """A question of the kind with this name; raises ValueError if it cannot be asked."""
    known = [each.value for each in QuestionKind]
    if kind not in known:
        raise ValueError(f"kind is {kind!r}, it must be one of {', '.join(known)}")
    return DataQuestion(text, QuestionKind(kind), mask, category=category)
