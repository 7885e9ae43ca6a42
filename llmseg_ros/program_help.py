# SPDX-License-Identifier: Apache-2.0
"""What `--help` of a node prints: what it is, its topics and its parameters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from .parameter_table import ParameterSpec

__all__ = ["program_help"]

WIDTH = 100


def program_help(
    name: str,
    summary: str,
    interfaces: Iterable[tuple[str, str, str]],
    table: Iterable[ParameterSpec],
) -> str:
    """The text.

    Args:
        name: of the program, as `ros2 run llmseg_ros` takes it.
        summary: what it is and does.
        interfaces: name, type and meaning of each topic and service.
        table: the parameters.
    """
    lines = [
        f"usage: ros2 run llmseg_ros {name} [--ros-args [-p NAME:=VALUE] [-r TOPIC:=TOPIC] "
        "[--params-file FILE]]",
        "",
        *textwrap.wrap(summary, WIDTH),
        "",
        "topics and services:",
    ]
    for interface, kind, meaning in interfaces:
        lines += _entry(f"{interface}  {kind}", meaning)
    lines += ["", "parameters:"]
    for spec in table:
        kind = type(spec.default).__name__
        default = f"{spec.default!r}" if isinstance(spec.default, str) else f"{spec.default}"
        limits = "" if spec.minimum is None else f", {spec.minimum:g} to {spec.maximum:g}"
        fixed = ", set at the start only" if spec.read_only else ""
        lines += _entry(f"{spec.name}  {kind}, {default}{limits}{fixed}", spec.description)
    return "\n".join(lines)


def _entry(head: str, text: str) -> list[str]:
    return [
        f"  {head}",
        *textwrap.wrap(text, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6),
    ]
