# SPDX-License-Identifier: Apache-2.0
"""The live page of a node process in a real browser, with a camera that plays the recording."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.browser import Page
from helpers.page_client import free_port
from helpers.programs import CAMERA, NODE, Program, programs
from llmseg_ros.own_domain import own_network

RECORDING = Path(__file__).parents[2] / "llmseg_ros" / "demo" / "recording"
VERDICT = "#verdict"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """The node, and where its page is."""
    os.environ.update(own_network())
    port = free_port()
    with programs(tmp_path_factory.mktemp("programs")) as start:
        camera = {"source": RECORDING, "rate_hz": 1.0, "wait_for_subscriber": "false"}
        start(*CAMERA, "--ros-args", *settings(camera))
        node = start(*NODE, "--ros-args", *settings({"web_port": port, "threads": 1}))
        node.wait_for("active: images from")
        yield node, f"http://127.0.0.1:{port}/"


def settings(parameters: dict[str, object]) -> list[str]:
    return [text for key, value in parameters.items() for text in ("-p", f"{key}:={value}")]


@pytest.fixture
def expect(browser: object) -> Any:
    from playwright.sync_api import expect

    return expect


def green(page: Page) -> int:
    """How many pixels of the canvas have the colour of the mask's outline."""
    return page.locator("#canvas").evaluate(
        """canvas => {
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) {
                count += data[at] === 46 && data[at + 1] === 196 && data[at + 2] === 122;
            }
            return count;
        }"""
    )


def test_a_person_asks_sees_moves_a_slider_and_asks_for_what_is_not_there(
    page: Page, running: tuple[Program, str], expect: Any
) -> None:
    page.goto(running[1])
    expect(page.locator("#stage-message")).to_be_hidden()  # the camera is shown
    expect(page.locator(VERDICT)).to_have_text("Nothing is asked yet.")
    assert green(page) == 0
    page.get_by_label("What shall I find?").fill("any thing on the table")
    page.keyboard.press("Enter")
    page.get_by_role("slider", name="Nothing fits below").fill("0")
    page.get_by_role("slider", name="Take candidates above").fill("0.01")
    expect(page.locator(VERDICT)).to_have_text("Found")
    expect(page.locator("#answer-card")).to_contain_text("“any thing on the table”")
    end = time.monotonic() + 30
    while green(page) < 50:
        assert time.monotonic() < end, "the outline is not drawn"
        page.wait_for_timeout(50)
    expect(page.locator("#candidates li")).not_to_have_count(0)
    page.locator("#outlines").click()
    expect(page.locator("#outlines")).to_have_attribute("aria-pressed", "true")

    # The line below which nothing fits goes above every confidence.
    page.get_by_role("slider", name="Nothing fits below").fill("1")
    expect(page.locator(VERDICT)).to_have_text("Nothing here fits")
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#why")).to_contain_text("is below 1")
    expect(page.locator("#confidence")).to_contain_text("sure that nothing fits: 0.")
    page.get_by_role("slider", name="Nothing fits below").fill("0.25")
    # The meter shows what the line decides on, also between full answers, when the mask is carried.
    told = re.compile(r"^chance that anything fits [01]\.\d\d, nothing fits below 0\.25$")
    for _ in range(8):
        expect(page.locator("#line-label")).to_have_text(told, timeout=500)
        page.wait_for_timeout(250)
    expect(page.locator("#line")).to_be_visible()
    expect(page.get_by_role("meter", name="chance that anything fits")).to_be_visible()
    expect(page.locator(VERDICT)).to_have_text("Found")
    expect(page.locator("#confidence")).to_have_text(re.compile(r"^confidence [01]\.\d\d$"))

    switch = page.get_by_role("checkbox", name="Answer unfamiliar images all the same")
    expect(switch).not_to_be_checked()
    with page.expect_response("**/api/parameter"):
        switch.check()
    page.reload()
    expect(switch).to_be_checked()

    page.get_by_role("button", name="Stop").click()
    expect(page.locator(VERDICT)).to_have_text("Nothing is asked yet.")
    page.locator("#history").get_by_text("any thing on the table").click()
    expect(page.locator("#asked")).to_have_text("“any thing on the table”")


def test_what_people_ask_is_text(page: Page, running: tuple[Program, str], expect: Any) -> None:
    page.goto(running[1])
    page.get_by_label("What shall I find?").fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    expect(page.locator("#history")).to_contain_text("<img src=x onerror=alert(1)>")


def test_another_site_gets_nothing(page: Page, running: tuple[Program, str]) -> None:
    """A page of another origin, as a browser sees it: here another port of this machine."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>foreign")

        def log_message(self, *_: object) -> None:
            pass

    site = HTTPServer(("127.0.0.1", 0), Foreign)
    Thread(target=site.serve_forever, daemon=True).start()
    page.goto(f"http://127.0.0.1:{site.server_address[1]}/")
    tried = page.evaluate(
        """async url => {
            const told = [];
            const body = JSON.stringify({ camera: "", text: "stolen" });
            for (const options of [
                { method: "POST", body, headers: { "Content-Type": "application/json" } },
                { method: "POST", body, mode: "no-cors" },
                {},
            ]) {
                const place = url + "api/" + (options.body ? "instruction" : "state");
                try {
                    const reply = await fetch(place, options);
                    told.push(reply.type === "opaque" ? "opaque" : reply.status);
                } catch { told.push("refused"); }
            }
            return told;
        }""",
        running[1],
    )
    site.shutdown()
    assert tried[0] == tried[2] == "refused"
    assert tried[1] in ("opaque", "refused")
    page.goto(running[1])
    page.wait_for_timeout(1500)
    assert "stolen" not in page.content()


def test_several_cameras(
    page: Page, tmp_path: Path, running: tuple[Program, str], expect: Any
) -> None:
    """Another node with two cameras, of which one plays and the other is silent."""
    port = free_port()
    with programs(tmp_path) as start:
        camera = {"source": RECORDING, "rate_hz": 2.0, "wait_for_subscriber": "false"}
        start(*CAMERA, "--ros-args", "-r", "__ns:=/left", "-r", "__node:=left", *settings(camera))
        names = {"web_port": port, "threads": 1, "cameras": "[left, right]"}
        node = start(*NODE, "--ros-args", "-r", "__node:=two_eyes", *settings(names))
        node.wait_for("active: images from /right/image")
        page.goto(f"http://127.0.0.1:{port}/")
        cameras = page.get_by_role("radiogroup", name="Camera").get_by_role("radio")
        expect(cameras).to_have_text(["left", "right"])
        expect(page.locator("#stage-message")).to_be_hidden()  # the left one is shown
        page.get_by_label("What shall I find?").fill("any thing on the table")
        page.keyboard.press("Enter")
        expect(page.locator("#asked")).to_have_text("“any thing on the table”")
        page.get_by_role("radio", name="right").click()
        expect(page.locator("#stage-message")).to_have_text("No image has come yet")
        expect(page.locator("#status")).to_contain_text("no image has come on /right/image")
        expect(page.locator(VERDICT)).to_have_text("Nothing is asked yet.")
        page.get_by_role("radio", name="left").click()
        expect(page.locator("#stage-message")).to_be_hidden()
        expect(page.locator("#asked")).to_have_text("“any thing on the table”")


def test_sigterm_ends_the_node_with_the_page_open(
    page: Page, running: tuple[Program, str], expect: Any
) -> None:
    node, url = running
    page.goto(url)
    expect(page.locator("#stage-message")).to_be_hidden()
    began = time.monotonic()
    node.send(signal.SIGTERM)
    assert node.end() == 0
    assert time.monotonic() - began < 5  # about half a second on an idle machine
    expect(page.locator("#status")).to_contain_text("the server is away")
