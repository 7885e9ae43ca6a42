# SPDX-License-Identifier: Apache-2.0
"""One question of the finished data set, and everything that is known of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..asking.draft import Draft, DraftKind, Provenance
from ..checks.verify import Verdict

__all__ = ["Finished", "finished_from", "question_id"]


@dataclass(frozen=True)
class Finished:
    """A question that stays.

    Attributes:
        id: 16 hexadecimal digits of image and text.
        split: "train", "validation" or "test".
        verdict: the question and what the second model said of it.
    """

    id: str
    split: str
    verdict: Verdict

    @property
    def draft(self) -> Draft:
        """The question."""
        return self.verdict.draft

    def plain(self) -> dict[str, Any]:
        """For JSON: its whole provenance."""
        draft, origin = self.draft, self.draft.origin
        return {
            "id": self.id,
            "split": self.split,
            "image": draft.image,
            "question": draft.text,
            "kind": draft.kind.value,
            "answer": draft.answer,
            "regions": list(draft.regions),
            "template": origin.template,
            "model": origin.model,
            "request": origin.request,
            "place": origin.place,
            "describer": origin.describer,
            "description": origin.description,
            "votes": list(self.verdict.agreed),
            "blind": self.verdict.blind,
            "difficulty": self.verdict.difficulty.value,
        }


def finished_from(plain: dict[str, Any]) -> Finished:
    """What `Finished.plain` wrote."""
    origin = Provenance(
        plain["request"], plain["place"], plain["model"], plain["template"], plain["describer"],
        plain["description"],
    )  # fmt: skip
    draft = Draft(
        plain["image"], plain["question"], DraftKind(plain["kind"]), plain["answer"],
        tuple(plain["regions"]), origin,
    )  # fmt: skip
    verdict = Verdict(draft, tuple(plain["votes"]), plain["blind"])
    return Finished(plain["id"], plain["split"], verdict)


def question_id(draft: Draft) -> str:
    """16 hexadecimal digits of image and text."""
    text = f"{draft.image}\0{draft.text}"
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
