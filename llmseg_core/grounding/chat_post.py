# SPDX-License-Identifier: Apache-2.0
"""One question to an OpenAI-compatible server, within a time limit.

The address is called and nothing else: no proxy, no redirection.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

__all__ = ["LONGEST_REPLY", "ChatPost", "RefusedError", "choice_text"]

LONGEST_REPLY = 2**22
"""bytes of a reply that are read; more is no answer to a question"""


class RefusedError(ConnectionError):
    """The server answered with an error.

    Attributes:
        status: of HTTP.
        wait_s: seconds after which the server wants to be asked again; None if it does not say.
    """

    def __init__(self, url: str, status: int, reply: bytes, wait_s: float | None = None) -> None:
        said = " ".join(reply[:200].decode("utf-8", "replace").split())
        super().__init__(f"the VLM server at {url} answers with status {status}: {said}")
        self.status, self.wait_s = status, wait_s


class ChatPost:
    """Posts chats to a server.

    Args:
        url: up to and with the version, such as "http://127.0.0.1:8000/v1".
        timeout_s: seconds that an answer may take in all.
        key: sent as a bearer token; "" sends none.

    Raises:
        ValueError: if the url is none, or the key cannot be sent.
    """

    def __init__(self, url: str, timeout_s: float, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"url is {url!r}, it must be such as http://127.0.0.1:8000/v1")
        if not key.isascii() or not key.isprintable():
            raise ValueError("the key has characters that no header can have")
        self.url, self.timeout_s = url.rstrip("/"), timeout_s
        self._parts = parts
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def reply(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the server answers; it has at least one choice with a message.

        Raises:
            TimeoutError: if there is nothing in time.
            RefusedError: if the server answers with an error.
            ConnectionError: if it is away, or its answer is none.
        """
        text = self._posted(json.dumps(body).encode())
        try:
            found: Mapping[str, Any] = json.loads(text)
            found["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ConnectionError(
                f"the VLM server at {self.url} gave no answer that can be read: {error!r}"
            ) from error
        return found

    def _posted(self, body: bytes) -> bytes:
        """The body of the reply, within the time limit."""
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
            connection.request("POST", path, body, self._headers)
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
            wait = _seconds(response.getheader("Retry-After"))
            raise RefusedError(self.url, response.status, reply, wait)
        return reply

    @property
    def _late_text(self) -> str:
        return f"the VLM server at {self.url} did not answer within {self.timeout_s:g} s"


def choice_text(choice: Mapping[str, Any]) -> str:
    """The words of a choice; servers give a text or a list of parts."""
    content = choice["message"]["content"]
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _seconds(header: str | None) -> float | None:
    """What "Retry-After" says, if it does so in seconds."""
    try:
        return max(0.0, float(header or ""))
    except ValueError:
        return None
