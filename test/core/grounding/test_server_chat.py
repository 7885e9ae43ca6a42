# SPDX-License-Identifier: Apache-2.0
"""A VLM behind a server on this machine: what it is sent, and all that can go wrong."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from math import log
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.vlm_server import VlmServer, reply, vlm_server
from llmseg_core.grounding.chat_post import LONGEST_REPLY
from llmseg_core.grounding.server_chat import ServerChat


@pytest.fixture
def server() -> Iterator[VlmServer]:
    with vlm_server() as running:
        yield running


@pytest.fixture
def chat(server: VlmServer) -> ServerChat:
    return ServerChat(server.url, "some-vlm", timeout_s=0.4, max_tokens=99)


IMAGE = np.random.default_rng(0).integers(0, 255, (48, 80, 3), dtype=np.uint8)


def test_what_a_server_is_sent(server: VlmServer, chat: ServerChat) -> None:
    server.behaviour = lambda _: (200, reply("  [] "))
    seen = chat.look(IMAGE)
    assert server.asked == []
    assert chat.answer(seen, "Where is the cup?") == "[]"
    (asked,) = server.asked
    assert server.paths == ["/v1/chat/completions"]
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("some-vlm", 0, 99)
    (message,) = asked["messages"]
    picture, question = message["content"]
    assert question == {"type": "text", "text": "Where is the cup?"}
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    sent = np.array(Image.open(io.BytesIO(base64.b64decode(data))))
    assert seen.processed_size == sent.shape[:2] == (56, 84)
    wanted = Image.fromarray(IMAGE).resize((84, 56), Image.Resampling.BICUBIC)
    assert np.array_equal(sent, np.array(wanted))
    small = ServerChat(server.url, "some-vlm", max_pixels=28 * 28 * 4).look(IMAGE)
    assert small.processed_size == (28, 56)
    assert ServerChat(server.url, "some-vlm", square=84).look(IMAGE).processed_size == (84, 84)


def test_parts_of_a_text(server: VlmServer, chat: ServerChat) -> None:
    server.behaviour = lambda _: (
        200,
        reply([{"type": "text", "text": "the "}, {"type": "text", "text": "cup"}, {}, 5]),
    )
    assert chat.answer(chat.look(IMAGE), "?") == "the cup"
    server.behaviour = lambda _: (200, reply(None))
    assert chat.answer(chat.look(IMAGE), "?") == ""


def test_yes_by_probabilities(server: VlmServer, chat: ServerChat) -> None:
    chances = {"Yes": log(0.5), " yes": log(0.1), "no": log(0.2), "perhaps": log(0.2)}
    server.behaviour = lambda _: (200, reply("Yes", chances))
    assert chat.yes(chat.look(IMAGE), "Is there a cup?") == pytest.approx(0.75, abs=1e-4)
    assert server.asked[0]["top_logprobs"] == 20
    server.behaviour = lambda _: (200, reply("No", {"No": log(0.9)}))
    assert chat.yes(chat.look(IMAGE), "Is there a cup?") < 1e-5


@pytest.mark.parametrize(("said", "wanted"), [("Yes, there is", 1.0), ("No.", 0.0), ("hm", 0.0)])
def test_yes_by_words(server: VlmServer, chat: ServerChat, said: str, wanted: float) -> None:
    def behaviour(asked: dict[str, Any]) -> tuple[int, Any]:
        return (400, {"error": "no logprobs here"}) if "logprobs" in asked else (200, reply(said))

    server.behaviour = behaviour
    seen = chat.look(IMAGE)
    assert chat.yes(seen, "Is there a cup?") == wanted
    assert chat.yes(seen, "Is there a cup?") == wanted
    assert len(server.asked) == 3  # it asks for probabilities once
    assert chat.trouble == ""


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, {"error": "out of memory"}, "status 500: .*out of memory"),
        (404, {"error": "no such model"}, "status 404: .*no such model"),
        (302, b"", "status 302"),
        (200, b"no json", "no answer that can be read"),
        (200, {"choices": []}, "no answer that can be read"),
        (200, [1], "no answer that can be read"),
        (200, {"choices": [{"text": "old"}]}, "no answer that can be read"),
        (200, b"[" * 200_000, "no answer that can be read"),
        (200, b" " * (LONGEST_REPLY + 1), "status 200"),
    ],
)
def test_a_server_that_errs(
    server: VlmServer, chat: ServerChat, status: int, body: Any, message: str
) -> None:
    server.behaviour = lambda _: (status, body)
    seen = chat.look(IMAGE)
    with pytest.raises(ConnectionError, match=message):
        chat.answer(seen, "?")
    assert chat.trouble.startswith(f"the VLM server at {server.url} ")
    assert len(server.paths) == 1  # nobody is sent elsewhere
    server.behaviour = lambda _: (200, reply("back"))
    assert chat.answer(seen, "?") == "back"
    assert chat.trouble == ""


@pytest.mark.parametrize(("wait_s", "drip_s"), [(5.0, 0.0), (0.0, 0.05)])
def test_a_slow_server(server: VlmServer, chat: ServerChat, wait_s: float, drip_s: float) -> None:
    server.wait_s, server.drip_s = wait_s, drip_s
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"did not answer within 0.4 s"):
        chat.answer(chat.look(IMAGE), "?")
    assert time.monotonic() - start < 2
    assert "did not answer" in chat.trouble


def test_a_server_that_goes_and_comes_back() -> None:
    with vlm_server() as server:
        port, chat = server.server_port, ServerChat(server.url, "some-vlm", timeout_s=2)
        seen = chat.look(IMAGE)
        assert chat.answer(seen, "?") == "hm"
    with pytest.raises(ConnectionError, match="cannot be reached"):
        chat.answer(seen, "?")
    assert "cannot be reached" in chat.trouble
    with vlm_server(port):
        assert chat.answer(seen, "?") == "hm"
    assert chat.trouble == ""


def test_proxies_of_the_environment_are_not_asked(
    server: VlmServer, chat: ServerChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert chat.answer(chat.look(IMAGE), "?") == "hm"


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://a/v1", "http://", "http://a/v1?x=1"])
def test_wrong_urls(url: str) -> None:
    with pytest.raises(ValueError, match=r"it must be such as http://127\.0\.0\.1:8000/v1"):
        ServerChat(url, "some-vlm")
