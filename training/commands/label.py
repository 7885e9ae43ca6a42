# SPDX-License-Identifier: Apache-2.0
"""`llmseg label`: a page on which people label their own images."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device

__all__ = ["LABEL"]

PORT = 8765


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER",
        help="folder with images/, to which samples.jsonl is written",
    )  # fmt: skip
    parser.add_argument(
        "--model", default="embedded", metavar="DIR",
        help="model directory that proposes regions and answers (default: embedded)",
    )  # fmt: skip
    add_device(parser)
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    parser.add_argument(
        "--chat", metavar="URL",
        help="OpenAI-compatible server of a model that sees and suggests questions, such as "
        "http://127.0.0.1:8000/v1",
    )  # fmt: skip
    parser.add_argument("--chat-model", default="default", metavar="NAME", help="its name there")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="address to listen at (default: 127.0.0.1, which only this machine reaches)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N",
        help=f"port (default: {PORT}; 0 is any free one)",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    from ..label.serving import serve_labels

    return serve_labels(options)


LABEL = Command(
    "Label your own images on a page in the browser.",
    _add_arguments,
    _run,
    needs=("embreex", "pycocotools", "scipy"),
)
