# SPDX-License-Identifier: Apache-2.0
"""What a local page lets through: requests of its own browser window, and no others.

A page on this machine can be reached by every site that its user has open. Three things keep them
out. The request names this machine (Host), so that a foreign name that was led to its address (DNS
rebinding) is refused. What changes something comes from the page itself (Origin). And no site may
embed the page or read what it gets (security headers; no CORS).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MOST_BODY_BYTES", "Guard", "is_loopback"]

MOST_BODY_BYTES = 2**24
"""of a request, 16 MiB: the run lengths of a ragged mask of a large image"""
READING = frozenset({"GET", "HEAD"})
"""methods that change nothing; every other one must come from the page"""
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Refuses what does not come from the page, before the application sees it.

    Args:
        app: gets what is let through.
        host: the address that the server is bound to. A server on a loopback address takes requests
            for a loopback address or "localhost" alone; any other one takes them for every
            address in numbers, and for this machine's name: a foreign name is no number.
        names: other names of this machine.
    """

    def __init__(self, app: ASGIApp, host: str, names: Iterable[str] = ()) -> None:
        self._app = app
        self._local = is_loopback(host)
        self._names = {"localhost", host.lower(), *(name.lower() for name in names)}
        if not self._local:
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":  # no web socket is spoken here
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        else:
            status, text = refusal
            response = JSONResponse({"error": text}, status, {"Connection": "close"})
            await response(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Status and reason of a request that is not let through."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_this_machine(hosts[0]):
            return 421, f"the host is {_short(', '.join(hosts))}, it must be this machine's address"
        origins = headers.getlist("origin")
        if method in READING:
            site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
            if site in ("cross-site", "same-site") and mode != "navigate":
                return 403, "another site asks, this page answers itself alone"
        elif not origins:
            return 403, f"the request has no Origin, it must be that of the page, {hosts[0]}"
        if origins and any(_network_place(origin) != hosts[0].lower() for origin in origins):
            return 403, (
                f"the origin is {_short(', '.join(origins))}, it must be that of the page, "
                f"{hosts[0]}"
            )
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > MOST_BODY_BYTES:
            return 413, f"the request has {length[:20]} bytes, at most {MOST_BODY_BYTES} are taken"
        return None

    def _is_this_machine(self, host: str) -> bool:
        """Whether a Host header names this machine, with whatever port."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names or is_loopback(name):
            return True
        return not self._local and _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _network_place(origin: str) -> str:
    """Host and port of an origin; "" for "null" and whatever else is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in ("http", "https") else ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
