# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from llmseg_core.web.server import LocalServer

waiting = threading.Event()


async def quick(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def endless(request: Request) -> PlainTextResponse:
    waiting.set()
    await asyncio.sleep(600)
    return PlainTextResponse("never")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    made = LocalServer()
    made.start(Starlette(routes=[Route("/", quick), Route("/endless", endless)]))
    yield made
    made.stop()


def test_it_answers_at_its_url_on_this_machine_alone(server: LocalServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (200, b"here")
    assert reply.getheader("server") is None
    connection.close()


def test_it_stops_within_a_second_while_somebody_waits(server: LocalServer) -> None:
    waiting.clear()
    idle = socket.create_connection(("127.0.0.1", server.port))
    asker = socket.create_connection(("127.0.0.1", server.port))
    asker.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert waiting.wait(20)
    began = time.monotonic()
    assert server.stop(5.0)
    assert time.monotonic() - began < 2.5  # 0.4 s on an idle machine
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
    idle.close()
    asker.close()


def test_a_port_that_is_taken_says_so_and_what_to_do(server: LocalServer) -> None:
    with pytest.raises(OSError, match=rf"127.0.0.1:{server.port} .*in use; end the program"):
        LocalServer(port=server.port)


@pytest.mark.parametrize(("host", "reason"), [
    ("192.0.2.77", "no such address; 127.0.0.1 is for it alone"),
    ("not a name", "'not a name', it must be an address"),
    ("x" * 80, "it must be an address of this machine"),
])  # fmt: skip
def test_a_host_that_is_not_this_machine_is_refused(host: str, reason: str) -> None:
    with pytest.raises(OSError, match=reason):
        LocalServer(host)


@pytest.mark.parametrize("sent", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
    b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
    b"\r\n" * 50 + b"\x00\xff" * 200 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
])  # fmt: skip
def test_what_is_no_request_is_refused_and_the_next_one_answered(
    server: LocalServer, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(sent)
        head = line.recv(200)
        assert head.startswith((b"HTTP/1.1 4", b"")), head
        assert not head.startswith(b"HTTP/1.1 2")
    test_it_answers_at_its_url_on_this_machine_alone(server)
