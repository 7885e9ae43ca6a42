# SPDX-License-Identifier: Apache-2.0
"""What was asked of late, and how it was answered last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from llmseg_core.types import Segmentation

__all__ = ["History"]

KEPT = 30
"""instructions"""


class History:
    """Instructions, the newest first; any thread may call it."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[bool, float] | None] = OrderedDict()

    def ask(self, instruction: str) -> None:
        """Somebody has asked for something."""
        with self._lock:
            self._put(instruction, self._answers.get(instruction))

    def tell(self, answer: Segmentation) -> None:
        """An instruction was answered."""
        with self._lock:
            known = (answer.found, answer.confidence)
            if answer.instruction in self._answers:
                self._answers[answer.instruction] = known
            else:
                self._put(answer.instruction, known)

    def plain(self) -> list[dict[str, Any]]:
        """Plain values for the page."""
        with self._lock:
            return [
                {
                    "instruction": text,
                    "found": answer[0] if answer else None,
                    "confidence": round(answer[1], 4) if answer else None,
                }
                for text, answer in reversed(self._answers.items())
            ]

    def _put(self, instruction: str, answer: tuple[bool, float] | None) -> None:
        self._answers[instruction] = answer
        self._answers.move_to_end(instruction)
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
