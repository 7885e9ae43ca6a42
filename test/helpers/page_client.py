# SPDX-License-Identifier: Apache-2.0
"""A browser's requests to the live page, without the browser."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from helpers.observer import Observer

T = TypeVar("T")


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@dataclass(frozen=True)
class Reply:
    status: int
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def head(self) -> dict[str, Any]:
        """The numbers of a picture."""
        return json.loads(self.content[4 : 4 + self._length])

    @property
    def jpeg(self) -> bytes:
        return self.content[4 + self._length :]

    @property
    def _length(self) -> int:
        return struct.unpack("<I", self.content[:4])[0]


class PageClient:
    """Asks the page of a node that runs in the observer's thread."""

    def __init__(self, observer: Observer, port: int) -> None:
        self._observer, self.port = observer, port
        self._threads = ThreadPoolExecutor(2)

    def get(self, path: str, **query: object) -> Reply:
        asked = "&".join(f"{key}={quote(str(value))}" for key, value in query.items())
        return self._while_spinning(lambda: self.request("GET", f"{path}?{asked}"))

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"}
        sent |= {name.capitalize(): value for name, value in headers.items()}
        return self._while_spinning(lambda: self.request("POST", path, content, sent))

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """One request in the caller's thread."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return Reply(reply.status, content)

    def _while_spinning(self, work: Callable[[], T]) -> T:
        future = self._threads.submit(work)
        self._observer.wait_until(future.done)
        return future.result()
