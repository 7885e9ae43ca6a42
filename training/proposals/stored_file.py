# SPDX-License-Identifier: Apache-2.0
"""Proposals of one image in one file of JSON, and what such files are called."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ..data.names import fitting_path
from ..data.plain_json import parse_json

__all__ = ["StoredFile", "sample_key", "stored_file", "stored_files"]

_FILE = re.compile(r"(?P<name>.+?)(?:\.(?P<digest>[0-9a-f]{16}))?\.json")


@dataclass(frozen=True)
class StoredFile:
    """Where the proposals of an image are stored.

    Attributes:
        path: of the file.
        key: of the sample, see `sample_key`.
        digest: of the image; None in files by number alone.
    """

    path: Path
    key: str
    digest: str | None

    def is_whole(self) -> bool:
        """Whether the file ends as one of proposals does."""
        with self.path.open("rb") as content:
            size = content.seek(0, os.SEEK_END)
            content.seek(max(size - 1, 0))
            return content.read() == b"}"

    def read(self) -> dict[str, Any]:
        """What `proposals_of` takes."""
        return parse_json(self.path.read_bytes())


def stored_file(folder: Path, name: str, digest: str) -> Path:
    """Where the proposals of a sample are to be; its name stays readable and within `folder`.

    Raises:
        ValueError: if the name has an empty part.
    """
    if not all(name.split("/")):
        raise ValueError(
            f'the sample name {name!r} has an empty part, it must be such as "val/image_7"'
        )
    return folder / f"{_stored_name(name)}.{digest}.json"


def stored_files(folder: Path) -> list[StoredFile]:
    """All files of proposals, sorted by path."""
    found = []
    for path in sorted(folder.rglob("[!.]*.json")):
        match = _FILE.fullmatch(path.relative_to(folder).as_posix())
        if match is not None:
            found.append(StoredFile(path, unquote(match["name"]), match["digest"]))
    return found


def sample_key(name: str) -> str:
    """The name by which a sample is found again; of a very long one only a part is kept."""
    return unquote(_stored_name(name))


def _stored_name(name: str) -> str:
    """A sample's name in letters that every file system has, cut where it is too long."""
    safe = re.sub(r"(^|/)\.", r"\1%2E", quote(name, safe="/ ", errors="surrogatepass"))
    return fitting_path(safe, len(".0123456789abcdef.json"))
