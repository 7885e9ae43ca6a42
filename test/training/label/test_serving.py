# SPDX-License-Identifier: Apache-2.0
"""The command `llmseg label` as a process, and what it refuses at once."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from helpers.programs import COMMAND_LINE, programs
from llmseg_core.cli.main import main
from llmseg_core.images.image_files import write_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    write_image(tmp_path / "data" / "images" / "a.png", pixels)
    return tmp_path / "data"


def test_it_serves_until_it_is_told_to_end(folder: Path, tmp_path: Path) -> None:
    with programs(tmp_path) as start:
        program = start(*COMMAND_LINE, "label", str(folder), "--port", "0")
        program.wait_for("open http")
        port = int(re.search(r"http://127.0.0.1:(\d+)/", program.output)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        assert b"<title>Label images" in connection.getresponse().read()
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"GET /api/regions?image=a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        began = time.monotonic()
        program.send(signal.SIGTERM)
        assert program.end() == 0
        assert time.monotonic() - began < 5  # under a second on an idle machine
        waiting.close()
    assert program.output.splitlines() == [
        f"1 image in {folder}; open http://127.0.0.1:{port}/ and stop with Ctrl-C",
        f"{folder / 'samples.jsonl'} has 0 questions",
    ]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["label", *arguments]) == 2
    return capsys.readouterr().err


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(capsys, str(folder), "--port", port, "--model", "none/such")
    assert f"127.0.0.1:{port} cannot be listened at: the port is in use" in said


@pytest.mark.parametrize(("arguments", "reason"), [
    (["--port", "70000"], "--port is 70000, it must be from 0 to 65535"),
    (["--host", "192.0.2.77", "--port", "0"], "this machine has no such address"),
    (["--port", "0", "--model", "none/such"], "none/such"),
    (["--chat", "127.0.0.1:8000"], "url is '127.0.0.1:8000', it must be such as http"),
])  # fmt: skip
def test_a_wrong_argument_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    said = refused(capsys, str(folder), *arguments)
    assert reason in said
    assert said.startswith("llmseg label: ")
    assert said.count("\n") == 1


def test_a_folder_without_images_says_where_they_come_from(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is no folder" in refused(capsys, str(tmp_path / "nothing"))
    (tmp_path / "empty").mkdir()
    assert "`llmseg data frames`" in refused(capsys, str(tmp_path / "empty"))
    (folder / "samples.jsonl.part").touch()
    assert "of an export that has not ended" in refused(capsys, str(folder))
