# SPDX-License-Identifier: Apache-2.0
"""The live page of a real node: what it shows, what it changes, and what it refuses."""

from __future__ import annotations

import io
import json
import socket
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.observer import Observer
from helpers.page_client import PageClient, Reply, free_port
from helpers.pictures import picture
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model
from llmseg_core.images.run_lengths import decode_runs


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


def with_page(observer: Observer, model: str, **more: Any) -> tuple[SegmentationRig, PageClient]:
    """A node with a page, and nobody who listens to a topic."""
    port = free_port()
    rig = SegmentationRig(observer, listens=False, model=model, web_port=port, **more)
    rig.wait_for_images()
    return rig, PageClient(observer, port)


def view(rig: SegmentationRig, page: PageClient, after: int, stamp: int, wanted: Any) -> Reply:
    """The first picture after a number that is as wanted, while images come."""
    for number in range(400):
        rig.show(image_message(stamp + number))
        reply = page.get("/api/view", camera="", after=after)
        if reply.status == 200 and wanted(reply.head):
            return reply
        assert reply.status in (200, 204), reply.content
        rig.observer.spin_for(0.02)
    raise AssertionError("no such picture came")


def test_somebody_looks_asks_and_goes(observer: Observer, model: str) -> None:
    rig, page = with_page(observer, model, following="flow")
    assert b"<title>llmseg" in page.get("/").content
    first = view(rig, page, 0, 1, lambda head: True)
    assert first.head["answer"] is None
    assert first.head["size"] == [60, 80]
    seen = np.asarray(Image.open(io.BytesIO(first.jpeg))).astype(int)
    assert np.abs(seen - picture(0, 60, 80)).mean() < 12  # a JPEG of it
    assert page.get("/api/state").json["cameras"][0]["received"] > 0

    assert page.post("/api/instruction", {"camera": "", "text": "the mug"}).status == 200
    number = first.head["number"]
    answered = view(rig, page, number, 100, lambda head: head["answer"]).head
    answer = answered["answer"]
    assert answer["instruction"] == "the mug"
    assert answered["number"] > number
    assert answered["age_ms"] > 0
    scores = [each["score"] for each in answer["candidates"]]
    assert scores == sorted(scores, reverse=True)  # of the full answer, also if carried along
    assert scores
    if answer["found"]:
        mask = decode_runs(answer["mask"], (60, 80))
        left, top, right, bottom = answer["box"]
        assert mask[top : bottom + 1, left : right + 1].sum() == mask.sum() > 0
    outlines = page.get("/api/candidates", camera="").json
    assert [each["index"] for each in outlines] == [each["index"] for each in answer["candidates"]]
    state = page.get("/api/state").json
    assert state["history"][0]["instruction"] == "the mug"
    assert state["cameras"][0]["answers"] > 0

    rig.diagnostics.clear()
    end = time.monotonic() + 30
    while not any("idle: nobody listens" in status.message for status in rig.diagnostics):
        rig.show(image_message(1000))
        observer.spin_for(0.1)
        assert time.monotonic() < end

    def answers() -> int:
        return page.get("/api/state").json["cameras"][0]["answers"]

    before = -1
    while answers() != before:  # one may still have been in work
        before = answers()
        observer.spin_for(1.0)
    rig.show(image_message(1001))
    observer.spin_for(0.5)
    assert answers() == before

    page.post("/api/instruction", {"camera": "", "text": " "})
    assert view(rig, page, 0, 2000, lambda head: not head["answer"])
    assert page.get("/api/state").json["cameras"][0]["instruction"] == ""


def test_thresholds_are_changed_and_bad_ones_refused(observer: Observer, model: str) -> None:
    rig, page = with_page(observer, model)
    shown = {each["name"]: each for each in page.get("/api/state").json["parameters"]}
    assert list(shown) == [
        "rule", "iop_threshold", "top_k", "min_presence", "min_confidence", "accept_unfamiliar",
        "max_rate_hz", "following",
    ]  # fmt: skip
    assert shown["accept_unfamiliar"]["switch"]
    assert not shown["top_k"]["switch"]
    assert (shown["min_confidence"]["minimum"], shown["min_confidence"]["maximum"]) == (0.0, 1.0)
    for name, value in (("min_confidence", 0.9), ("min_confidence", 1), ("rule", "iop"),
                        ("top_k", 3), ("following", "flow"), ("max_rate_hz", 2.5),
                        ("accept_unfamiliar", True)):  # fmt: skip
        assert page.post("/api/parameter", {"name": name, "value": value}).status == 200
        assert rig.node.get_parameter(name).value == value
    for name, value, reason in (
        ("min_confidence", 1.5, "1.5"), ("rule", "best", "rule is 'best'"), ("top_k", 2.5, "top_k"),
        ("following", "video", "following is"), ("model", "/tmp", "the page cannot set 'model'"),
        ("web_port", 0, "the page cannot set"), ("use_sim_time", True, "the page cannot set"),
        ("accept_unfamiliar", 1, "must be true or false"), ("top_k", True, "a whole number"),
    ):  # fmt: skip
        reply = page.post("/api/parameter", {"name": name, "value": value})
        assert (reply.status, reason in reply.json["error"]) == (400, True), reply.json
    assert rig.node.get_parameter("min_confidence").value == 1.0


def test_nothing_else_comes_in(observer: Observer, model: str) -> None:
    rig, page = with_page(observer, model)
    good = {"camera": "", "text": "the mug"}
    for headers in ({"origin": "http://evil.com"}, {"origin": "null"}, {"host": "evil.com"}):
        assert page.post("/api/instruction", good, **headers).status in (403, 421)
    nothing = page._while_spinning(lambda: page.request("POST", "/api/instruction", b"{}", {}))
    assert nothing.status == 403
    odd: list[tuple[str, Any]] = [
        ("/api/instruction", each)
        for each in (b"{", b"[]", b"\xff", b"[" * 40_000, {}, {"camera": "", "text": 5},
                     {"camera": None, "text": "a"}, {"camera": "rear", "text": "a"},
                     {"camera": "", "text": "a" * 20_000}, {"camera": "", "text": "\ud800", "x": 1},
                     {"camera": "", "text": "a" * 100_000})
    ] + [
        ("/api/parameter", each)
        for each in ({"name": "rule", "value": None}, {"name": "rule", "value": [1]},
                     {"name": 5, "value": 1}, {"name": "top_k", "value": 10**40},
                     {"name": "min_confidence", "value": "half"},
                     b'{"name": "top_k", "value": NaN}')
    ]  # fmt: skip
    for path, body in odd:
        reply = page.post(path, body)
        assert reply.status in (400, 413), (path, body, reply.content)
        assert json.loads(reply.content)["error"]
    for path, query, status in (
        ("/api/view", {"camera": "rear"}, 404), ("/api/view", {"after": "x"}, 400),
        ("/api/view", {"after": "9" * 30}, 400), ("/api/candidates", {"camera": "../x"}, 404),
        ("/assets/../door.py", {}, 404), ("/api/instruction", {}, 405),
    ):  # fmt: skip
        assert page.get(path, **query).status == status, path
    assert page.get("/api/state").json["cameras"][0]["instruction"] == ""
    assert page.post("/api/instruction", good).status == 200
    assert rig.state() == "active"


def test_the_page_comes_and_goes_with_its_port(observer: Observer, model: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        rig = SegmentationRig(observer, listens=False, model=model, web_port=port)
        rig.wait_for_images()
        said = f"there is no live page: 127.0.0.1:{port} cannot be listened at: the port is in use"
        observer.wait_until(lambda: any(said in line for line in rig.logs))
    other = free_port()
    assert rig.set_parameter("web_port", other).successful
    observer.wait_until(lambda: bool(rig.node._page.url))
    page = PageClient(observer, other)
    assert page.get("/api/state").json["lifecycle"] == "active"
    assert not rig.set_parameter("web_port", 70_000).successful

    assert rig.change_state("deactivate")
    assert rig.change_state("cleanup")
    state = page.get("/api/state").json
    assert (state["lifecycle"], state["cameras"]) == ("unconfigured", [])
    assert page.post("/api/instruction", {"camera": "", "text": "a"}).status == 400
    assert page.get("/api/view", camera="").status == 404

    waiting = socket.create_connection(("127.0.0.1", other))
    assert rig.set_parameter("web_port", 0).successful
    observer.wait_until(lambda: not rig.node._page.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other))
    waiting.close()
