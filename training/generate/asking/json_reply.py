# SPDX-License-Identifier: Apache-2.0
"""JSON in replies, whatever stands around it, and as much of it as came."""

from __future__ import annotations

import json
from typing import Any

from ..chat.asker import BadReplyError

__all__ = ["read_items", "read_object"]

_DECODER = json.JSONDecoder()
MOST_TRIED = 200
"""places of a reply at which an object is looked for"""


def read_object(text: str) -> dict[str, Any]:
    """The first JSON object of a reply, in a fence or between words.

    Raises:
        BadReplyError: "no_json" if there is none, "half_json" if it has no end.
    """
    return next(iter(_objects(text)))


def read_items(text: str, key: str, needed: str) -> list[dict[str, Any]]:
    """The objects of a list in a reply: {key: [{needed: ...}, ...]}.

    Of a reply that was cut short those that are whole are read.

    Raises:
        BadReplyError: as `read_object`; "no_questions" if no object has the key `needed`.
    """
    found = _objects(text)
    items: list[Any] = next((each[key] for each in found if isinstance(each.get(key), list)), found)
    usable = [each for each in items if isinstance(each, dict) and needed in each]
    if not usable:
        raise BadReplyError("no_questions", text)
    return usable


def _objects(text: str) -> list[dict[str, Any]]:
    """All whole JSON objects, the outer ones alone."""
    found: list[dict[str, Any]] = []
    place = text.find("{")
    for _ in range(MOST_TRIED):
        if place < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            found.append(value)
        place = text.find("{", end)
    if not found:
        raise BadReplyError("half_json" if "{" in text else "no_json", text)
    return found
