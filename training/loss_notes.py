"""Parts of a loss in the Trainer's log: their means since the last log."""

from __future__ import annotations

from typing import Any

from torch import Tensor

__all__ = ["LossNotes"]


class LossNotes:
    """Mix-in for transformers' Trainer: `note` a part in `compute_loss`, find its mean logged."""

    _notes: dict[str, list[Tensor]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._notes = {}
        super().__init__(*args, **kwargs)

    def note(self, name: str, value: Tensor) -> None:
        """Remember one scalar until the next log."""
        self._notes.setdefault(name, []).append(value.detach())

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log with the means of everything noted since the last log."""
        if "loss" in logs:
            for name, values in self._notes.items():
                logs[name] = round(sum(float(value) for value in values) / len(values), 4)
            self._notes.clear()
        super().log(logs, *args, **kwargs)  # type: ignore[misc]
