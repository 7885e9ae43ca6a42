# SPDX-License-Identifier: Apache-2.0
"""What the launch files make of their arguments; needs no package of launch itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

__all__ = ["beside", "camera_topics", "flag", "number", "parameter_file"]

YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def flag(name: str, text: str) -> bool:
    """The truth of an argument, in capitals or small letters.

    Raises:
        ValueError: it is neither yes nor no.
    """
    word = text.strip().lower()
    if word not in YES + NO:
        raise ValueError(f"{name} is {text!r}, it must be true or false")
    return word in YES


def number(name: str, text: str) -> float:
    """The number that an argument is.

    Raises:
        ValueError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, it must be a number") from None


def camera_topics(text: str) -> dict[str, str]:
    """The cameras of an argument such as front=/front/image_raw,wrist.

    Returns:
        The image topic of each camera by its name; empty where none was given.

    Raises:
        ValueError: a name is missing or there twice, or a topic is missing after its "=".
    """
    cameras: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, topic = (piece.strip() for piece in part.partition("="))
        if not name or name in cameras or (sign and not topic):
            raise ValueError(
                f"cameras is {text!r}: {part!r} must be NAME or NAME=TOPIC, each name once"
            )
        cameras[name] = topic
    return cameras


def parameter_file(given: str, shipped: Path, node: str) -> str:
    """The parameter file that an argument names, as an absolute path.

    Args:
        given: a path, or the bare name of a file in `shipped`, perhaps without its suffix.
        shipped: the folder of the files that come with the package.
        node: name of the node that it is for.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no parameter file, or has nothing for `node`.
    """
    path = Path(given).expanduser()
    is_bare = path.name == given
    places = [shipped / given, shipped / f"{given}.yaml"] if is_bare else []
    found = [place for place in (*places, path) if place.is_file()]
    if not given or not found:
        known = ", ".join(sorted(file.name for file in shipped.glob("*.yaml")))
        raise FileNotFoundError(
            f"params_file is {given!r}, and there is no such file: give a path, or one of {known}"
        )
    _check(found[0], node)
    return str(found[0].absolute())


def beside(topic: str, name: str) -> str:
    """The topic `name` in the namespace of another: /eye/camera_info, of /eye/image."""
    return f"{topic[: topic.rfind('/') + 1]}{name}"


def _check(path: Path, node: str) -> None:
    """Raises ValueError for a file that would be refused, or have no effect."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"params_file {str(path)!r}: {' '.join(str(error).split())}") from error
    names = list(_nodes(content))
    if not names:
        raise ValueError(
            f"params_file {str(path)!r} has no parameters: expected /**: ros__parameters: ..."
        )
    if not any("*" in name or name.rpartition("/")[2] == node for name in names):
        raise ValueError(
            f"params_file {str(path)!r} has parameters for {', '.join(names)}, and none for the "
            f"node {node}: expected /**: or {node}:"
        )


def _nodes(content: Any, above: str = "") -> Iterator[str]:
    """Names of the nodes that a parameter file is for; namespaces may be nested."""
    if isinstance(content, dict):
        for name, below in content.items():
            if name == "ros__parameters":
                yield above
            else:
                yield from _nodes(below, f"{above}/{name}" if above else str(name))
