# SPDX-License-Identifier: Apache-2.0
"""The addresses of the live page, and what they take and give."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llmseg_core.web.page_app import json_object, page_app, refuse

from .camera_view import CameraView
from .door import Door
from .picture import candidate_outlines, picture_bytes

__all__ = ["live_app"]

T = TypeVar("T")
ASSETS = Path(__file__).parent / "assets"
LONGEST_REQUEST = 50_000
"""bytes"""
WAIT_S = 1.0
"""seconds that a request waits for a newer picture"""
LOOK_S = 0.015
"""seconds between two looks whether there is one"""
NODE_S = 5.0
"""seconds in which the node must have done what it is asked"""


def live_app(door: Door) -> Starlette:
    """The application of a node."""
    page = _Page(door)
    return page_app(
        ASSETS,
        [
            Route("/api/state", _answering(page.state)),
            Route("/api/view", _answering(page.view)),
            Route("/api/candidates", _answering(page.candidates)),
            Route("/api/instruction", _answering(page.instruct), methods=["POST"]),
            Route("/api/parameter", _answering(page.set_parameter), methods=["POST"]),
        ],
    )


def _answering(
    answer: Callable[[Request], Awaitable[Any]],
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose answer becomes JSON."""

    async def endpoint(request: Request) -> Response:
        value = await answer(request)
        return value if isinstance(value, Response) else JSONResponse(value)

    return endpoint


class _Page:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def state(self, request: Request) -> Any:
        return await _of_node(self._door.state())

    async def view(self, request: Request) -> Response:
        """A picture that is newer than `after`; status 204 if there is none for a while."""
        camera, view = self._camera(request)
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 15:
            raise ValueError(f"after is {after[:40]!r}, it must be the number of a picture")
        end = time.monotonic() + WAIT_S
        while True:
            view.look()
            instruction, newest = self._door.newest(camera)
            shown = view.newer(int(after), instruction, newest)
            if shown is not None:
                try:
                    content = await run_in_threadpool(
                        picture_bytes, shown, self._door.full_answer(camera)
                    )
                except Exception as error:  # what the camera sends cannot be read
                    raise refuse(422, f"the image cannot be shown: {error}") from error
                return Response(content, media_type="application/octet-stream")
            if time.monotonic() > end:
                return Response(status_code=204)
            await asyncio.sleep(LOOK_S)

    async def candidates(self, request: Request) -> Any:
        answer = self._door.full_answer(self._camera(request)[0])
        return [] if answer is None else await run_in_threadpool(candidate_outlines, answer)

    async def instruct(self, request: Request) -> Any:
        given = await json_object(request, {"camera": str, "text": str}, LONGEST_REQUEST)
        await _of_node(self._door.instruct(given["camera"], given["text"]))
        return {}

    async def set_parameter(self, request: Request) -> Any:
        wanted: dict[str, Any] = {"name": str, "value": (int, float, str, bool)}
        given = await json_object(request, wanted, LONGEST_REQUEST)
        await _of_node(self._door.set_parameter(given["name"], given["value"]))
        return {}

    def _camera(self, request: Request) -> tuple[str, CameraView]:
        name = request.query_params.get("camera", "")
        cameras = self._door.cameras()
        if name not in cameras:
            known = ", ".join(map(repr, cameras)) or "none while the node is not configured"
            raise refuse(404, f"there is no camera {name[:80]!r}, there is {known}")
        return name, cameras[name]


async def _of_node(future: Future[T]) -> T:
    """What the node's thread gives, in time."""
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), NODE_S)
    except asyncio.TimeoutError:
        raise refuse(503, f"the node was busy for {NODE_S:g} s: try again") from None
