# SPDX-License-Identifier: Apache-2.0
"""The work of `llmseg label`: opens folder and model, serves the page until somebody stops it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from llmseg_core.cli.device_argument import chosen_device
from llmseg_core.config import RuntimeConfig
from llmseg_core.grounding.server_chat import ServerChat
from llmseg_core.methods.method import load_method
from llmseg_core.web.guard import is_loopback
from llmseg_core.web.server import LocalServer

from ..data.folder import INDEX
from .app import label_app
from .assistant import Assistant
from .images import folder_images
from .samples_file import SamplesFile
from .session import LabelSession

__all__ = ["serve_labels"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_labels(options: argparse.Namespace) -> int:
    """Do what the command line says, until SIGINT or SIGTERM.

    Args:
        options: of `llmseg label`.

    Returns:
        The exit code.

    Raises:
        ValueError, OSError: if there is no image, no such model, or the port is taken.
    """
    folder: Path = options.folder
    images = _checked_folder(folder)
    if not 0 <= options.port <= 65535:
        raise ValueError(f"--port is {options.port}, it must be from 0 to 65535")
    chat = None if options.chat is None else ServerChat(options.chat, options.chat_model)
    server = LocalServer(options.host, options.port)  # first: it fails at once, or not at all
    runtime = RuntimeConfig(device=chosen_device(options), dtype=options.dtype)
    session = LabelSession(folder, Assistant(load_method(options.model, runtime)), chat)
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    server.start(label_app(session))
    if not is_loopback(options.host):
        print(
            f"llmseg label: whoever reaches {options.host} sees these images and can change what "
            f"is written about them",
            file=sys.stderr,
        )
    count = f"{images} image{'s' * (images != 1)}"
    print(f"{count} in {folder}; open {server.url} and stop with Ctrl-C", flush=True)
    while not stop.wait(0.5):
        pass
    server.stop()
    written = sum(len(line.questions) for line in SamplesFile(folder).read().samples.values())
    print(f"{folder / INDEX} has {written} questions", flush=True)
    if not session.close():  # a computation that nothing interrupts, and nobody waits for
        os._exit(0)
    return 0


def _checked_folder(folder: Path) -> int:
    """How many images there are.

    Raises:
        ValueError, OSError: if there is none, or the folder is being written by an export.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder, it must be one with images")
    partial = folder / f"{INDEX}.part"
    if partial.exists():
        raise ValueError(
            f"{partial} is of an export that has not ended: finish it by the same command first"
        )
    count = len(folder_images(folder, SamplesFile(folder).read()))
    if not count:
        raise ValueError(
            f"{folder} has no images: put some into {folder / 'images'}, or take them from a "
            f"recording with `llmseg data frames`"
        )
    return count
