# SPDX-License-Identifier: Apache-2.0
"""The addresses of the page for labelling, and what they take and give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llmseg_core.prompted.target import Target
from llmseg_core.web.page_app import json_object, page_app, refuse

from .samples_file import ChangedMeanwhileError
from .session import LabelSession, UnknownImageError

__all__ = ["label_app"]

ASSETS = Path(__file__).parent / "assets"
LONGEST_TEXT = 10_000
"""bytes of a request that holds a question and no mask"""
NOTHING = type(None)


def label_app(session: LabelSession) -> Starlette:
    """The application of a session."""
    page = _Page(session)
    return page_app(
        ASSETS,
        [
            Route("/api/state", _answering(page.state)),
            Route("/api/picture", _answering(page.picture)),
            Route("/api/sample", _answering(page.sample)),
            Route("/api/regions", _answering(page.regions)),
            *(
                Route(f"/api/{name}", _answering(answer), methods=["POST"])
                for name, answer in (
                    ("draw", page.draw),
                    ("answer", page.answer),
                    ("suggest", page.suggest),
                    ("save", page.save),
                    ("remove", page.remove),
                    ("restore", page.restore),
                )
            ),
        ],
    )


def _answering(
    answer: Callable[[Request], Awaitable[Any]],
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose answer becomes JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            value = await answer(request)
        except UnknownImageError as error:
            raise refuse(404, str(error)) from None
        except ChangedMeanwhileError as error:
            raise refuse(409, str(error)) from None
        return value if isinstance(value, Response) else JSONResponse(value)

    return endpoint


class _Page:
    """What the addresses do; files are read and written in threads, and the model has its own."""

    def __init__(self, session: LabelSession) -> None:
        self._session = session

    async def state(self, request: Request) -> Any:
        return await run_in_threadpool(self._session.state)

    async def picture(self, request: Request) -> Any:
        small = request.query_params.get("size") == "small"
        content = await run_in_threadpool(self._session.picture, _name(request), small)
        return Response(content, media_type="image/jpeg")

    async def sample(self, request: Request) -> Any:
        return await run_in_threadpool(self._session.sample, _name(request))

    async def regions(self, request: Request) -> Any:
        following = request.query_params.get("next")
        return await asyncio.wrap_future(self._session.regions(_name(request), following))

    async def draw(self, request: Request) -> Any:
        """A box [left, top, right, bottom] or a point [x, y] in pixels."""
        given = await json_object(
            request, {"image": str, "box": (list, NOTHING), "point": (list, NOTHING)}, LONGEST_TEXT
        )
        box, point = _numbers(given["box"], 4, "box"), _numbers(given["point"], 2, "point")
        target = Target(
            None if box is None else (box[0], box[1], box[2], box[3]),
            () if point is None else ((point[0], point[1]),),
        )
        return await asyncio.wrap_future(self._session.draw(given["image"], target))

    async def answer(self, request: Request) -> Any:
        given = await json_object(request, {"image": str, "text": str, "kind": str}, LONGEST_TEXT)
        work = self._session.answer(given["image"], given["text"], given["kind"])
        return await asyncio.wrap_future(work)

    async def suggest(self, request: Request) -> Any:
        given = await json_object(request, {"image": str, "mask": dict})
        return await asyncio.wrap_future(self._session.suggest(given["image"], given["mask"]))

    async def save(self, request: Request) -> Any:
        given = await json_object(
            request, {"image": str, "version": str, "place": (int, NOTHING), "question": dict}
        )
        return await run_in_threadpool(
            self._session.save,
            given["image"], given["version"], given["place"], given["question"],
        )  # fmt: skip

    async def remove(self, request: Request) -> Any:
        given = await json_object(request, {"image": str, "version": str, "place": int})
        return await run_in_threadpool(
            self._session.remove, given["image"], given["version"], given["place"]
        )

    async def restore(self, request: Request) -> Any:
        given = await json_object(
            request, {"image": str, "version": str, "place": int, "plain": str}
        )
        return await run_in_threadpool(
            self._session.restore,
            given["image"], given["version"], given["place"], given["plain"],
        )  # fmt: skip


def _name(request: Request) -> str:
    """The image that an address is about."""
    name = request.query_params.get("image")
    if name is None:
        raise ValueError("the address names no image: ?image=NAME")
    return name


def _numbers(value: list[Any] | None, count: int, name: str) -> list[float] | None:
    """So many numbers, or None."""
    if value is None:
        return None
    if len(value) != count or not all(type(each) in (int, float) for each in value):
        raise ValueError(f"{name} is {str(value)[:60]}, it must be {count} numbers")
    return [float(each) for each in value]
