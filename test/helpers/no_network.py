# SPDX-License-Identifier: Apache-2.0
"""A process that may talk to nobody but itself."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import huggingface_hub.constants
import huggingface_hub.utils._detect_agent
import pytest

LOOPBACK = ("127.", "::1", "localhost")


@contextmanager
def no_network() -> Iterator[list[str]]:
    """Refuses every name to look up and every address to call except this machine's own.

    Libraries may swallow the refusal, try again and wait, so what was refused is listed.

    Yields:
        The hosts that were refused so far.
    """
    refused: list[str] = []

    def refuse(host: object) -> None:
        if isinstance(host, str) and not host.startswith(LOOPBACK):
            refused.append(host)
            raise OSError(f"a test called {host}")

    look_up = socket.getaddrinfo

    def checked(call: Callable[..., Any]) -> Callable[..., Any]:
        def checked_call(self: socket.socket, address: Any) -> Any:
            refuse(address[0] if isinstance(address, tuple) else None)  # else a file is called
            return call(self, address)

        return checked_call

    def checked_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        refuse(host.decode() if isinstance(host, bytes) else host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, checked(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", checked_look_up)
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)  # whatever is set here
        # The client fetches a list of programs once a process, to name the one that it serves.
        patch.setattr(huggingface_hub.utils._detect_agent, "_registry", None)
        yield refused
