# SPDX-License-Identifier: Apache-2.0
"""Makes docs/live.gif, the moving picture of the live page at the head of README.

A node and a camera run as in the demonstration, Chromium shows the node's page, and what a person
would do is done there: `pip install -r requirements-browser.txt`, `apt install chromium`, then
`.venv/bin/python tools/picture_of_page.py`.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from llmseg_core.images.image_files import write_image
from llmseg_ros.camera.recording import RecordedImages
from llmseg_ros.demo.demonstration import RECORDING, WEB_PORT
from llmseg_ros.demo.processes import Processes
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.own_domain import own_network

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WINDOW: ViewportSize = {"width": 1240, "height": 830}
WIDTH = 800
"""pixels of the picture"""
COLOURS = 200
START_S = 120.0
ANSWER_MS = 60_000


class Film:
    """Pictures of a page, each shown for as long as it is told."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._pictures: list[Image.Image] = []
        self._shown_ms: list[int] = []

    def take(self, shown_ms: int) -> None:
        """One picture."""
        shot = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        size = WIDTH, round(shot.height * WIDTH / shot.width)
        self._pictures.append(shot.resize(size, Image.Resampling.LANCZOS))
        self._shown_ms.append(shown_ms)

    def save(self, path: Path) -> None:
        """All of them as one GIF that begins anew for ever."""
        # One palette for all, so that what does not change is written once.
        width, height = self._pictures[0].size
        together = Image.new("RGB", (width, height * len(self._pictures)))
        for place, each in enumerate(self._pictures):
            together.paste(each, (0, place * height))
        palette = together.quantize(COLOURS, dither=Image.Dither.NONE)
        first, *others = (
            each.quantize(palette=palette, dither=Image.Dither.NONE) for each in self._pictures
        )
        first.save(
            path, save_all=True, append_images=others, duration=self._shown_ms, loop=0,
            optimize=True,
        )  # fmt: skip


def act(page: Page, film: Film) -> None:
    """What a person does."""
    verdict, line = page.locator("#verdict"), page.locator("#instruction")
    expect(page.locator("#stage-message")).to_be_hidden(timeout=ANSWER_MS)
    film.take(900)
    for text, shown_ms in (("something I could eat", 2200), ("the thing to drive a nail in", 2200)):
        line.fill("")
        for end in range(4, len(text) + 4, 5):
            line.fill(text[:end])
            film.take(140)
        page.keyboard.press("Enter")
        expect(page.locator("#asked")).to_have_text(f"“{text}”", timeout=ANSWER_MS)
        expect(verdict).not_to_have_text("Thinking …", timeout=ANSWER_MS)
        page.wait_for_timeout(600)
        film.take(shown_ms)
    slider = page.get_by_role("slider", name="Nothing fits below")
    for value in (0.7, 0.85, 1.0):
        slider.fill(str(value))
        film.take(250)
    expect(verdict).to_have_text("Nothing here fits", timeout=ANSWER_MS)
    page.wait_for_timeout(300)
    film.take(2500)


def main() -> None:
    """Makes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "live.gif")
    out: Path = parser.parse_args().out
    os.environ.update(own_network() | large_message_environment())
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        # Something to eat and a hammer are in the first scene. The camera stands still: a picture
        # in which all moves has several megabytes.
        scene = Path(folder) / "scene"
        frame = next(iter(RecordedImages(RECORDING, "", lambda problem: None)))
        write_image(scene / "0.png", frame.rgb)
        camera = ["-p", f"source:={scene}", "-p", "loop:=true", "-p", "rate_hz:=2.0"]
        processes.start("camera", "llmseg_ros.camera", ["--ros-args", *camera])
        processes.start("node", "llmseg_ros.node", ["--ros-args", "-p", f"web_port:={WEB_PORT}"])
        end = time.monotonic() + START_S
        while "active: " not in processes.output("node"):
            processes.check()
            if time.monotonic() > end:
                raise TimeoutError(processes.output("node"))
            time.sleep(0.2)
        with sync_playwright() as play:
            chromium = shutil.which("chromium")
            browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport=WINDOW, color_scheme="dark")
            page.goto(f"http://127.0.0.1:{WEB_PORT}/")
            film = Film(page)
            act(page, film)
            browser.close()
    film.save(out)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
