# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from llmseg_core.web.guard import MOST_BODY_BYTES, Guard, is_loopback


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.method)


APP = Starlette(routes=[Route("/", answer, methods=["GET", "POST", "DELETE"])])
PAGE = {"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765"}


def status(bound: str, method: str = "GET", names: tuple[str, ...] = (), **headers: str) -> int:
    client = TestClient(Guard(APP, bound, names))
    sent = {"host": PAGE["host"]} | {key.replace("_", "-"): text for key, text in headers.items()}
    return client.request(method, "/", headers=sent).status_code


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8765", "localhost:9000", "[::1]:8765", "127.8.8.8", "LOCALHOST:1"],
)
def test_this_machine_is_answered_by_its_own_names(host: str) -> None:
    assert status("127.0.0.1", host=host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:8765", "127.0.0.1.evil.com", "localhost.evil.com", "192.168.1.7:8765",
     "", "[::1", "localhost@evil.com", "169.254.169.254"],
)  # fmt: skip
def test_a_foreign_name_that_leads_here_is_refused(host: str) -> None:
    assert status("127.0.0.1", host=host) == 421


@pytest.mark.parametrize(("host", "code"), [
    ("192.168.1.7:8765", 200), ("[fe80::1]:8765", 200), ("localhost:8765", 200),
    ("evil.com:8765", 421), ("robot.local:8765", 200),
])  # fmt: skip
def test_a_server_for_others_takes_numbers_and_its_own_names(host: str, code: int) -> None:
    assert status("0.0.0.0", host=host, names=("robot.local",)) == code


@pytest.mark.parametrize(
    "origin",
    ["http://evil.com", "null", "http://127.0.0.1:8766", "http://localhost:8765", "file://",
     "http://127.0.0.1:8765.evil.com", "127.0.0.1:8765", "ftp://127.0.0.1:8765"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_foreign_origin_is_refused(origin: str, method: str) -> None:
    assert status("127.0.0.1", method, origin=origin) == 403


def test_the_pages_own_origin_may_change_things_and_no_origin_may_not() -> None:
    assert status("127.0.0.1", "POST", **PAGE) == 200
    assert status("127.0.0.1", "POST", host="localhost:1", origin="http://localhost:1") == 200
    assert status("127.0.0.1", "POST") == 403
    assert status("127.0.0.1", "DELETE") == 403


@pytest.mark.parametrize(("site", "mode", "code"), [
    ("same-origin", "cors", 200), ("none", "navigate", 200), ("cross-site", "navigate", 200),
    ("cross-site", "no-cors", 403), ("same-site", "cors", 403),
])  # fmt: skip
def test_other_sites_may_link_here_and_embed_nothing(site: str, mode: str, code: int) -> None:
    assert status("127.0.0.1", sec_fetch_site=site, sec_fetch_mode=mode) == code


@pytest.mark.parametrize("length", [str(MOST_BODY_BYTES + 1), "9" * 4000])
def test_a_long_request_is_refused_before_it_is_read(length: str) -> None:
    assert status("127.0.0.1", "POST", **PAGE, content_length=length) == 413


def test_every_answer_has_the_security_headers_and_no_wildcard() -> None:
    client = TestClient(Guard(APP, "127.0.0.1"))
    for host in ("127.0.0.1", "evil.com"):
        headers = client.get("/", headers={"host": host}).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_a_refusal_quotes_the_value_and_says_what_would_be_right() -> None:
    client = TestClient(Guard(APP, "127.0.0.1"))
    said = client.post("/", headers={"host": "localhost:5", "origin": "http://evil.com"}).json()
    assert said == {
        "error": "the origin is 'http://evil.com', it must be that of the page, localhost:5"
    }


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.3.2.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "robot", "")))
