# SPDX-License-Identifier: Apache-2.0
"""A server on this machine that speaks as OpenAI-compatible VLM servers do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

__all__ = ["VlmServer", "reply", "vlm_server"]


def reply(text: Any, chances: dict[str, float] | None = None) -> dict[str, Any]:
    """The body of a good reply."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if chances is not None:
        first = [{"token": token, "logprob": value} for token, value in chances.items()]
        choice["logprobs"] = {"content": [{"top_logprobs": first}]}
    return {"choices": [choice]}


class VlmServer(ThreadingHTTPServer):
    """Answers as it is told to.

    Attributes:
        asked: bodies of the requests so far.
        paths: their paths.
        behaviour: gives status and body of a reply to a request; raw bytes go as they are.
        wait_s: seconds before the reply.
        drip_s: seconds before each byte of the reply's body; 0 sends it at once.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.behaviour: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (200, reply("hm"))
        self.wait_s, self.drip_s = 0.0, 0.0
        self.over = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """A caller that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: VlmServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.paths.append(self.path)
        self.server.over.wait(self.server.wait_s)
        status, said = self.server.behaviour(body)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not self.server.drip_s:
            self.wfile.write(data)
            return
        for byte in data:
            if self.server.over.is_set():
                return
            time.sleep(self.server.drip_s)
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def vlm_server(port: int = 0) -> Iterator[VlmServer]:
    """A running server, gone afterwards."""
    server = VlmServer(port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
