# SPDX-License-Identifier: Apache-2.0
"""A web server in a thread of its own, for the pages of this machine."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Iterable

import uvicorn
from starlette.types import ASGIApp

from .guard import Guard

__all__ = ["LOOPBACK", "LocalServer"]

LOOPBACK = "127.0.0.1"
"""the address that only this machine reaches"""
MOST_CONNECTIONS = 64
HEADER_BYTES = 2**15
"""most bytes of a request's head"""
STOP_S = 0.3
"""seconds that answers under way have when the server is stopped"""


class LocalServer:
    """Takes a port when it is made, and serves an application behind a `Guard` once it is started.

    Who connects in between waits.

    Args:
        host: address to listen at.
        port: 0 takes any free one.
        names: see `Guard`.

    Attributes:
        port: that it has.
        url: where a browser finds it, with "/" at its end.

    Raises:
        OSError: saying what to do, if the address is not this machine's or the port is taken.
    """

    def __init__(self, host: str = LOOPBACK, port: int = 0, names: Iterable[str] = ()) -> None:
        self._socket = _listening(host, port)
        self._host, self._names = host, tuple(names)
        shown = host if host not in ("0.0.0.0", "::", "") else socket.gethostname()
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}/"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        """Answer from now on, in a thread; to be called once."""
        config = uvicorn.Config(
            Guard(app, self._host, self._names),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
        config.timeout_graceful_shutdown = STOP_S  # type: ignore[assignment]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="llmseg_web", daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """Stop listening; answers under way are broken off.

        Args:
            timeout_s: seconds to wait for the thread's end.

        Returns:
            Whether it has ended.
        """
        if self._server is None or self._thread is None:
            self._socket.close()
            return True
        # That answers are broken off is no error, and no news.
        log = logging.getLogger("uvicorn.error")
        log.addFilter(_silent)
        try:
            self._server.should_exit = True
            self._thread.join(timeout_s)
        finally:
            log.removeFilter(_silent)
        return not self._thread.is_alive()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens."""
    place = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:  # a name that no machine can have
        raise OSError(f"the host is {host!r}, it must be an address of this machine") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        raise OSError(f"{place} cannot be listened at: {_advice(error)}") from error
    listening.setblocking(False)
    return listening


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; end the program that has it, or choose another port"
    if error.errno == errno.EACCES:
        return "the port is kept for the system's own; choose one from 1024 to 65535"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no such address; {LOOPBACK} is for it alone, 0.0.0.0 for all"
    return str(error)


def _silent(record: logging.LogRecord) -> bool:
    return False
