# SPDX-License-Identifier: Apache-2.0
"""Replies on disk by the digest of what was asked, so that no request is paid for twice."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from ...evaluate.json_lines import JsonLines
from .budget import Spent
from .request import ChatReply, ChatRequest

__all__ = ["REPLIES", "ReplyStore"]

REPLIES = "replies.jsonl"
_ABOUT = {"format": "llmseg replies", "version": "1"}


class ReplyStore:
    """Replies of all runs into one folder; several threads may use it.

    Args:
        folder: gets `replies.jsonl`, one line a reply or failed request.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = JsonLines(folder / REPLIES, _ABOUT)
        self._turn = threading.Lock()
        self.spent = Spent()
        for name in self._lines.names():
            taken = self._lines[name]["spent"]
            self.spent += Spent(int(taken[0]), int(taken[1]), float(taken[2]))

    def get(self, request: ChatRequest) -> ChatReply | None:
        """What was answered to a request before; None if nothing was."""
        with self._turn:
            digest = request.digest()
            if digest not in self._lines:
                return None
            record = self._lines[digest]
        return ChatReply(
            str(record["text"]),
            int(record["prompt_tokens"]),
            int(record["reply_tokens"]),
            bool(record["is_whole"]),
        )

    def add(self, request: ChatRequest, reply: ChatReply, spent: Spent) -> None:
        """Keep a reply; it is on disk when this returns."""
        record = {
            "model": request.model,
            "text": reply.text.encode(errors="replace").decode(),
            "prompt_tokens": reply.prompt_tokens,
            "reply_tokens": reply.reply_tokens,
            "is_whole": reply.is_whole,
            "spent": [spent.requests, spent.tokens, spent.money],
        }
        with self._turn:
            self._lines.add(request.digest(), record)

    def add_failure(self, request: ChatRequest, reason: str, spent: Spent) -> None:
        """Keep what a request without an answer may have taken."""
        name = f"{request.digest()}/{secrets.token_hex(4)}"
        record = {"failed": reason, "spent": [spent.requests, spent.tokens, spent.money]}
        with self._turn:
            self._lines.add(name, record)
