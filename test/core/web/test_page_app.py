# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from llmseg_core.web.page_app import json_object, page_app


async def take(request: Request) -> JSONResponse:
    given = await json_object(request, {"text": str, "place": (int, type(None))}, 200)
    return JSONResponse(given)


async def fail(request: Request) -> JSONResponse:
    raise {"value": ValueError("5 is bad"), "file": OSError("the disk is full")}.get(
        request.query_params["how"], KeyError("secret")
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("assets")
    (folder / "index.html").write_text("<p>page</p>")
    (folder / "own.js").write_text("1;")
    (folder / "notes.txt").write_text("not served")
    routes = [Route("/take", take, methods=["POST"]), Route("/fail", fail)]
    return TestClient(page_app(folder, routes), raise_server_exceptions=False)


def test_files_are_served_by_their_names(client: TestClient) -> None:
    assert client.get("/").text == "<p>page</p>"
    reply = client.get("/assets/own.js")
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/assets/base.css").status_code == 200  # shared
    again = client.get("/assets/own.js", headers={"if-none-match": reply.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", [
    "/assets/notes.txt", "/assets/../index.html", "/assets/%2e%2e/%2e%2e/setup.py",
    "/assets//etc/passwd", "/assets/..%2f..%2fguard.py", "/assets/", "/nothing",
])  # fmt: skip
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert reply.json()["error"].startswith("there is no GET ")


@pytest.mark.parametrize(("how", "status", "text"), [
    ("value", 400, "5 is bad"), ("file", 503, "the disk is full"), ("else", 500, "KeyError"),
])  # fmt: skip
def test_errors_are_one_sentence_and_tell_no_secrets(
    client: TestClient, how: str, status: int, text: str
) -> None:
    reply = client.get("/fail", params={"how": how})
    assert (reply.status_code, reply.json()) == (status, {"error": text})


def test_an_object_comes_through(client: TestClient) -> None:
    assert client.post("/take", json={"text": "é"}).json() == {"text": "é", "place": None}


JSON = "application/json"


@pytest.mark.parametrize(("body", "kind", "status", "said"), [
    (b"{", JSON, 400, "no JSON"),
    (b"", JSON, 400, "no JSON"),
    (b"\xff\xfe\x00", JSON, 400, "no JSON"),
    (b'{"text": NaN}', JSON, 400, "NaN is no JSON"),
    (b"[1]", JSON, 400, "it must be an object"),
    (b'"text"', JSON, 400, "it must be an object"),
    (b"{}", JSON, 400, "has no 'text'"),
    (b'{"text": 5}', JSON, 400, "'text' is 5, it must be str"),
    (b'{"text": null}', JSON, 400, "'text' is None, it must be str"),
    (b'{"text": "a", "place": true}', JSON, 400, "'place' is True, it must be int or null"),
    (b'{"text": "a", "place": 1.5}', JSON, 400, "'place' is 1.5"),
    (b'{"text": "a", "other": 1}', JSON, 400, "unknown key 'other'"),
    (b'{"text": "' + b"a" * 300 + b'"}', JSON, 413, "longer than 200 bytes"),
    (b"[" * 190, JSON, 400, "no JSON"),
    (b'{"text": "a"}', "text/plain", 415, "must be application/json"),
    (b"text=a", "application/x-www-form-urlencoded", 415, "must be application/json"),
])  # fmt: skip
def test_what_is_no_such_object_is_refused(
    client: TestClient, body: bytes, kind: str, status: int, said: str
) -> None:
    reply: Any = client.post("/take", content=body, headers={"content-type": kind})
    assert reply.status_code == status
    assert said in reply.json()["error"]


def test_deep_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("")

    async def take_long(request: Request) -> JSONResponse:
        return JSONResponse(await json_object(request, {}))

    client = TestClient(page_app(tmp_path, [Route("/take", take_long, methods=["POST"])]))
    reply = client.post("/take", content="[" * 200_000, headers={"content-type": JSON})
    assert reply.status_code == 400
