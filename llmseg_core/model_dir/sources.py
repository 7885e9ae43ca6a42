# SPDX-License-Identifier: Apache-2.0
"""What a downloaded model directory was made from, kept in it, and whether it is still whole."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require
from llmseg_core.config.yaml_file import read_yaml

__all__ = ["SOURCES_FILE", "SourceFile", "SourcePart", "Sources", "damage", "file_digest"]

SOURCES_FILE = "sources.yaml"
BLOCK = 2**20
SHA256_DIGITS = 64
DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


@dataclass(frozen=True)
class SourceFile(Settings):
    """One file of a repository."""

    size: Annotated[int, AtLeast(0)]
    """bytes"""
    digest: str
    """as the hub names it: SHA-256, 64 hexadecimal digits, or git's SHA-1 of a small file, 40"""

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = "64 or 40 hexadecimal digits"
        require(bool(DIGEST.fullmatch(self.digest)), "digest", self.digest, wanted)


@dataclass(frozen=True)
class SourcePart(Settings):
    """What was taken of one repository."""

    repository: str
    """its name on the hub"""
    revision: str
    """the commit"""
    licence: str
    """as the hub named it then"""
    files: dict[str, SourceFile]
    """by name"""


@dataclass(frozen=True)
class Sources(Settings):
    """What a profile was made from."""

    profile: str
    """its name"""
    parts: dict[str, SourcePart]
    """by the names of their sub-folders"""
    settings: str = ""
    """SHA-256 of `llmseg.yaml` as it was written, to tell whether somebody has changed it"""

    def files(self) -> dict[str, SourceFile]:
        """Every file by its path in the model directory."""
        return {
            f"{folder}/{name}": file
            for folder, part in self.parts.items()
            for name, file in part.files.items()
        }

    def write(self, folder: Path) -> None:
        """Write it into a model directory."""
        text = yaml.safe_dump(self.to_dict(), sort_keys=False)
        (folder / SOURCES_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Sources | None:
        """That of a model directory; None if it was not downloaded.

        Raises:
            ValueError: if it cannot be read.
        """
        file = folder / SOURCES_FILE
        return cls.from_dict(read_yaml(file), str(file)) if file.is_file() else None


def damage(folder: Path, sources: Sources) -> list[str]:
    """What is wrong with a downloaded model directory, for people; contents are not read.

    Args:
        folder: the model directory.
        sources: what it was made from.
    """
    wrong = []
    for name, file in sources.files().items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif (size := path.stat().st_size) != file.size:
            wrong.append(f"{name} has {size} bytes, it must have {file.size}")
    return wrong


def file_digest(path: Path, like: str) -> str:
    """The digest of a file, of the same kind as another digest.

    Args:
        path: the file.
        like: SHA-256, or git's SHA-1 of a blob.
    """
    if len(like) == SHA256_DIGITS:
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(usedforsecurity=False)
        digest.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
