# SPDX-License-Identifier: Apache-2.0
"""A VLM behind an OpenAI-compatible server: vLLM, llama.cpp, TensorRT Edge-LLM.

The address that the configuration names is called and nothing else: no proxy, no redirection.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from math import log
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import resized_image

from .chat import NO, YES, SeenImage, yes_share
from .qwen_pixels import QwenPixels

__all__ = ["ServerChat"]

LONGEST_REPLY = 2**22
"""bytes of a reply that are read; more is no answer to a question"""
UNLIKELY = log(1e-6)
"""log-probability of a word that is not among those that the server names"""


class ServerChat:
    """Asks a server.

    Args:
        url: up to and with the version, such as "http://127.0.0.1:8000/v1".
        model: name of the model there.
        timeout_s: seconds that an answer may take in all.
        max_tokens: most tokens of an answer.
        max_pixels: most pixels of the image that is sent. Its sides are multiples of 28, so that
            a Qwen2.5-VL takes it as it is and answers in its pixels.
        square: see `QwenPixels`.

    Raises:
        ValueError: if the url is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        timeout_s: float = 30.0,
        max_tokens: int = 512,
        max_pixels: int | None = None,
        square: int | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"url is {url!r}, it must be such as http://127.0.0.1:8000/v1")
        self.url, self.model = url.rstrip("/"), model
        self.timeout_s, self.max_tokens = timeout_s, max_tokens
        self.pixels = QwenPixels.from_settings({}, max_pixels, square)
        self.trouble = ""
        """Why the last question was not answered, for people; "" if it was."""
        self._parts = parts
        self._tells_chances = True

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`; nothing is sent yet."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        fitted = self.pixels.fitted(*size)
        file = io.BytesIO()
        resized = resized_image(image, fitted, Image.Resampling.BICUBIC)
        Image.fromarray(resized).save(file, "PNG", compress_level=1)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        return SeenImage(f"data:image/png;base64,{data}", size, fitted)

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`."""
        return _content(self._choice(image, question, {"max_tokens": self.max_tokens})).strip()

    def yes(self, image: SeenImage, question: str) -> float:
        """See `ChatVlm`; 1 or 0 by the first word where the server tells no probabilities."""
        options: dict[str, Any] = {"max_tokens": 1}
        if self._tells_chances:
            try:
                choice = self._choice(image, question, {**options, "logprobs": True,
                                                        "top_logprobs": 20})  # fmt: skip
            except _RefusedError as error:
                if error.status != http.client.BAD_REQUEST:
                    raise
                self._tells_chances = False
        if not self._tells_chances:
            choice = self._choice(image, question, {"max_tokens": 4})
        chances = _chances(choice)
        if chances:
            return yes_share(_logsum(chances, YES), _logsum(chances, NO))
        return float(_content(choice).strip().lower().startswith("yes"))

    def _choice(
        self, image: SeenImage, question: str, options: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The server's first choice; what goes wrong is remembered as trouble."""
        content = [
            {"type": "image_url", "image_url": {"url": image.content}},
            {"type": "text", "text": question},
        ]
        messages = [{"role": "user", "content": content}]
        body = {"model": self.model, "messages": messages, "temperature": 0, **options}
        try:
            reply = self._posted(json.dumps(body).encode())
            choice = json.loads(reply)["choices"][0]
            choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            self.trouble = (
                f"the VLM server at {self.url} gave no answer that can be read: {error!r}"
            )
            raise ConnectionError(self.trouble) from error
        except OSError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        found: Mapping[str, Any] = choice
        return found

    def _posted(self, body: bytes) -> bytes:
        """The body of the reply, within the time limit.

        Raises:
            TimeoutError: if there is none in time.
            ConnectionError: if the server is away, or refuses.
        """
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else (
            http.client.HTTPConnection
        )  # fmt: skip
        connection = kind(str(self._parts.hostname), self._parts.port, timeout=self.timeout_s)
        late = threading.Event()
        sockets: list[socket.socket] = []  # the connection forgets its own before all is read

        def give_up() -> None:
            late.set()
            for each in sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            connection.connect()
            sockets.append(connection.sock)
            path = f"{self._parts.path.rstrip('/')}/chat/completions"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            reply = response.read(LONGEST_REPLY + 1)
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise TimeoutError(self._late_text) from error
            raise ConnectionError(
                f"the VLM server at {self.url} cannot be reached: {error or type(error).__name__}"
            ) from error
        finally:
            timer.cancel()
            connection.close()
        if late.is_set():
            raise TimeoutError(self._late_text)
        if response.status != http.client.OK or len(reply) > LONGEST_REPLY:
            raise _RefusedError(self.url, response.status, reply)
        return reply

    @property
    def _late_text(self) -> str:
        return f"the VLM server at {self.url} did not answer within {self.timeout_s:g} s"


class _RefusedError(ConnectionError):
    """The server answered with an error."""

    def __init__(self, url: str, status: int, reply: bytes) -> None:
        said = " ".join(reply[:200].decode("utf-8", "replace").split())
        super().__init__(f"the VLM server at {url} answers with status {status}: {said}")
        self.status = status


def _content(choice: Mapping[str, Any]) -> str:
    """The words of a choice; servers give a text or a list of parts."""
    content = choice["message"]["content"]
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _chances(choice: Mapping[str, Any]) -> dict[str, float]:
    """Log-probabilities of the likeliest first tokens; none if the server does not tell."""
    try:
        first = choice["logprobs"]["content"][0]["top_logprobs"]
        return {str(each["token"]): float(each["logprob"]) for each in first}
    except (LookupError, TypeError, ValueError):
        return {}


def _logsum(chances: Mapping[str, float], words: tuple[str, ...]) -> float:
    """The log-probability of any of some words, alone and after a blank."""
    named = [value for token, value in chances.items() if token.strip(" \u0120\u2581") in words]
    return float(np.logaddexp.reduce([UNLIKELY, *named]))
