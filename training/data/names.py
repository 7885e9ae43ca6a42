# SPDX-License-Identifier: Apache-2.0
"""Names of samples, the files that are named after them, and files that annotations name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from llmseg_core.images.image_files import IMAGE_SUFFIXES

__all__ = ["check_name", "file_in", "files_by_stem", "fitting_path", "image_of"]

PART_BYTES = 255
"""most bytes of one part of a path on the usual file systems"""
NAME_BYTES = 1024
"""most bytes of a sample's name"""
_DIGITS = 16


def check_name(name: Any) -> str:
    """Return `name` if a sample may have it: caches and exports make files of it.

    Raises:
        ValueError: unless it is a relative path of at most `NAME_BYTES` with "/" and without "..",
            in letters that a file can be named with.
    """
    path = PurePosixPath(name) if isinstance(name, str) else PurePosixPath()
    if not path.parts or path.is_absolute() or ".." in path.parts or str(path) != name:
        raise ValueError(f"the name {name!r} must be a relative path without '..'")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"the name {name!r} must be text that UTF-8 can write") from None
    if "\0" in name or length > NAME_BYTES:
        raise ValueError(
            f"the name {name[:60]!r}... has {length} bytes, it must have at most {NAME_BYTES} and "
            f"no byte 0"
        )
    return name


def fitting_path(name: str, room: int) -> str:
    """A sample's name as a path in which every part leaves `room` bytes for what follows it.

    A part that is too long is cut, and ends on a digest of the whole, so that no two become one.
    """
    return "/".join(_fitting(part, PART_BYTES - room) for part in name.split("/"))


def file_in(folder: Path, name: Any) -> Path:
    """The file that an annotation names by its path in `folder`.

    Raises:
        ValueError: if the path leads out of the folder; what lies elsewhere must be linked into it.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"the file name is {name!r}, it must be a path in {folder}")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"the file {name!r} must lie in {folder}, by a relative path without '..'")
    return folder / path


def files_by_stem(folder: Path, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> dict[str, Path]:
    """The files in a folder that have one of the suffixes, capital or small, by name without it.

    Hidden files are left out: macOS leaves a "._a.jpg" beside "a.jpg". Of two files of one stem the
    one whose suffix stands first in `suffixes` is meant.
    """
    found: dict[str, Path] = {}
    order = {suffix: place for place, suffix in enumerate(suffixes)}
    for path in sorted(folder.iterdir()):
        place = order.get(path.suffix.lower())
        if place is None or path.name.startswith("."):
            continue
        before = found.get(path.stem)
        if before is None or place < order[before.suffix.lower()]:
            found[path.stem] = path
    return found


def image_of(images: Mapping[str, Path], name: str) -> Path:
    """The image of a sample among `files_by_stem`.

    Raises:
        FileNotFoundError: if there is none.
    """
    if name not in images:
        raise FileNotFoundError(f"the image {name}.jpg is missing, and of any other suffix")
    return images[name]


def _fitting(part: str, most: int) -> str:
    encoded = part.encode()
    if len(encoded) <= most:
        return part
    digest = hashlib.blake2b(encoded, digest_size=_DIGITS // 2).hexdigest()
    return f"{encoded[: most - _DIGITS - 1].decode(errors='ignore')}~{digest}"
