# SPDX-License-Identifier: Apache-2.0
"""A language model behind an OpenAI-compatible server."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from llmseg_core.grounding.chat_post import ChatPost, choice_text
from llmseg_core.images.image_files import encode_image

from .model_config import ModelConfig
from .request import ChatReply, ChatRequest

__all__ = ["ServerModel", "read_key"]

LETTERS_A_TOKEN = 4
"""about, where a server does not say how many tokens there were"""


class ServerModel:
    """See `ChatModel`.

    Args:
        config: names the server.

    Raises:
        ValueError: if the url is none.
        OSError: if the file of the key cannot be read.
    """

    def __init__(self, config: ModelConfig) -> None:
        assert config.url is not None
        self.config = config
        self._server = ChatPost(config.url, config.timeout_s, read_key(config.key_file))

    def ask(self, request: ChatRequest) -> ChatReply:
        """See `ChatModel`."""
        reply = self._server.reply(self._body(request))
        choice = reply["choices"][0]
        text = choice_text(choice)
        usage = reply.get("usage") or {}
        asked = len(request.system + request.text) // LETTERS_A_TOKEN
        asked += len(request.images) * self.config.image_tokens
        return ChatReply(
            text,
            _count(usage, "prompt_tokens", asked),
            _count(usage, "completion_tokens", len(text) // LETTERS_A_TOKEN + 1),
            choice.get("finish_reason") != "length",
        )

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        content: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": _data_uri(image)}}
            for image in request.images
        ]
        said: Any = [*content, {"type": "text", "text": request.text}] if content else request.text
        messages = [{"role": "system", "content": request.system}] if request.system else []
        body = {
            "model": request.model,
            "messages": [*messages, {"role": "user", "content": said}],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.schema is not None and self.config.schema:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
            }
        return body


def read_key(file: str | None) -> str:
    """The first line of a file; "" if none is named.

    Raises:
        OSError: if it cannot be read.
        ValueError: if there is nothing in it.
    """
    if file is None:
        return ""
    lines = Path(file).expanduser().read_text(encoding="utf-8").split()
    if not lines:
        raise ValueError(f"{file} is empty, its first line must be the server's key")
    return lines[0]


def _data_uri(image: np.ndarray) -> str:
    code = base64.b64encode(encode_image(image, ".png")).decode("ascii")
    return f"data:image/png;base64,{code}"


def _count(usage: Mapping[str, Any], key: str, guess: int) -> int:
    value = usage.get(key) if isinstance(usage, Mapping) else None
    return value if type(value) is int and value >= 0 else guess
