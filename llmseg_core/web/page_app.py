# SPDX-License-Identifier: Apache-2.0
"""The application of a page: its files, its routes, and errors as one sentence of JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .guard import MOST_BODY_BYTES

__all__ = ["json_object", "page_app", "refuse"]

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""of the files that a page is made of, by suffix"""
SHARED = Path(__file__).parent / "assets"
"""what all pages have in common"""
BODY_S = 20.0
"""seconds in which a request's body must have come"""


def page_app(assets: Path, routes: Sequence[BaseRoute]) -> Starlette:
    """The application of a page.

    Args:
        assets: folder with `index.html`, which is "/", and other files, which are "/assets/NAME";
            those that pages have in common are added.
        routes: what else there is. A ValueError that they raise becomes status 400, an OSError
            503, each with `{"error": "one sentence"}`.
    """
    files = {path.name: path for folder in (SHARED, assets) for path in sorted(folder.iterdir())}
    served = {name: _served(path) for name, path in files.items() if path.suffix in CONTENT_TYPES}
    return Starlette(
        routes=[
            Route("/", served["index.html"]),
            *(Route(f"/assets/{name}", answer) for name, answer in served.items()),
            *routes,
        ],
        exception_handlers={
            HTTPException: _http_error,
            ValueError: _error(400),
            OSError: _error(503),
            Exception: _error(500),
        },
    )


async def json_object(
    request: Request, needed: Mapping[str, type | tuple[type, ...]], most: int = MOST_BODY_BYTES
) -> dict[str, Any]:
    """The object that a request brings.

    Args:
        request: with a JSON object as its body.
        needed: type or types of the value of each key; keys that are not named here are refused.
        most: bytes that are read.

    Raises:
        HTTPException: if it is too long, too slow, or of another content type.
        ValueError: if it is no such object; names the key and quotes the value.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"the content type is {kind!r}, it must be application/json")
    try:
        body = await asyncio.wait_for(_body(request, most), BODY_S)
    except asyncio.TimeoutError:
        raise HTTPException(408, f"the request was not whole after {BODY_S:g} s") from None
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the request is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"the request is {_short(value)}, it must be an object")
    for key in sorted(set(value) - set(needed)):
        raise ValueError(f"the request has the unknown key {key!r}, known are {sorted(needed)}")
    for key, wanted in needed.items():
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        if key not in value and type(None) not in kinds:
            raise ValueError(f"the request has no {key!r}")
        if type(value.setdefault(key, None)) not in kinds:
            names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            raise ValueError(f"{key!r} is {_short(value[key])}, it must be {names}")
    return value


def refuse(status: int, text: str) -> HTTPException:
    """What to raise for an answer of another status than 400 or 503."""
    return HTTPException(status, text)


async def _body(request: Request, most: int) -> bytes:
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise HTTPException(413, f"the request is longer than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def _served(path: Path) -> Callable[[Request], Awaitable[Response]]:
    """What answers with a file, which is read once: from then on it cannot change or go."""
    content, kind = path.read_bytes(), CONTENT_TYPES[path.suffix]
    tag = f'"{hashlib.blake2b(content, digest_size=8).hexdigest()}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)

    return answer


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = error.detail
    if error.status_code in (404, 405) and text in ("Not Found", "Method Not Allowed"):
        text = f"there is no {request.method} {_short(request.url.path)} here"
    return JSONResponse({"error": text}, error.status_code, error.headers)


def _error(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        said = str(error) if status < 500 or isinstance(error, OSError) else ""
        return JSONResponse({"error": said or type(error).__name__}, status)

    return answer


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _short(value: Any) -> str:
    text = repr(value[:80] if isinstance(value, str | list) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
