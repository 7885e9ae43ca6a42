# SPDX-License-Identifier: Apache-2.0
"""A rosbag2 recording: a folder, or one storage file, compressed or not."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from .mcap_file import McapFile
from .recording_files import METADATA, storage_suffix, unreadable_kind
from .sqlite_file import SqliteFile
from .storage import RecordingError, Storage, StoredMessage
from .zstd_files import decompress_file

__all__ = ["Recording"]


class Recording:
    """Topics and messages of a recording.

    Attributes:
        types: type of each topic.
        notes: what of the recording is lost, a sentence each.
    """

    def __init__(self, path: Path) -> None:
        """Opens a recording.

        Args:
            path: the folder, its metadata.yaml, or one storage file.

        Raises:
            RecordingError: nothing of it can be played; says why.
        """
        self.types: dict[str, str] = {}
        self.notes: list[str] = []
        self._storages: list[tuple[Path, Storage]] = []
        files = self._files(path.parent if path.name == METADATA else path)
        for file in files:
            try:
                self._storages.append((file, _opened(file)))
            except (RecordingError, OSError) as error:
                self.notes.append(f"cannot read the recording {str(file)!r}: {error}")
        if not self._storages:
            raise RecordingError("; ".join(self.notes))
        for _, storage in self._storages:
            self.types |= storage.types

    def messages(self, topic: str) -> list[StoredMessage]:
        """The messages of a topic, in the order of their times."""
        found = [message for _, storage in self._storages for message in storage.messages(topic)]
        return sorted(found, key=lambda message: message.time_ns)

    @property
    def damage(self) -> list[str]:
        """What of the recording is known to be lost by now, a sentence each."""
        return self.notes + [
            f"{str(file)!r}: {storage.damage}" for file, storage in self._storages if storage.damage
        ]

    def _files(self, path: Path) -> list[Path]:
        if (reason := unreadable_kind(path)) is not None:
            raise RecordingError(f"cannot read the recording {str(path)!r}: {reason}")
        if not path.is_dir():
            return [path]
        there = {file.name: file for file in sorted(path.iterdir(), key=_natural_order)}
        files = [file for file in there.values() if file.is_file() and storage_suffix(file)]
        listed = _listed(path / METADATA)
        if missing := [name for name in listed if name not in there]:
            self.notes.append(
                f"the recording {str(path)!r} lacks {', '.join(missing)}, which {METADATA} names"
            )
        if named := [there[name] for name in listed if name in there]:
            return named
        # A file beside its compressed copy is the same recording.
        files = [file for file in files if file.suffix.lower() not in (".zstd", ".zst")
                 or file.stem not in there]  # fmt: skip
        if len({_without_number(file) for file in files}) > 1:
            raise RecordingError(
                f"several recordings in the folder {str(path)!r}: "
                f"name one of {', '.join(file.name for file in files)}"
            )
        if not files:
            raise RecordingError(
                f"cannot read the recording {str(path)!r}: there is no storage file in it, "
                "such as recording_0.mcap or recording_0.db3"
            )
        return files


def _opened(file: Path) -> Storage:
    """The storage in a file; raises RecordingError or OSError."""
    if file.stat().st_size == 0:
        raise RecordingError("it is empty")
    compressed = file.suffix.lower() in (".zstd", ".zst")
    is_mcap = storage_suffix(file) == ".mcap"
    if not compressed:
        return McapFile(file.open("rb")) if is_mcap else SqliteFile(file)
    if is_mcap:
        content = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the storage
        decompress_file(file, content)
        return McapFile(content)
    # Its name goes at once and its content with the process, however that ends.
    with tempfile.NamedTemporaryFile(suffix=".db3") as named:
        decompress_file(file, named)
        return SqliteFile(Path(named.name))


def _listed(metadata: Path) -> list[str]:
    """Names of the files that a metadata.yaml lists; none where it cannot be read.

    Nothing else in it is needed: it is what people edit, and what a killed recorder leaves out.
    """
    try:
        content = yaml.safe_load(metadata.read_text())
        paths = content["rosbag2_bagfile_information"]["relative_file_paths"]
        return [Path(path).name for path in paths]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return []


def _without_number(file: Path) -> str:
    """The name that all files of one split recording share."""
    return re.sub(r"(_\d+)?\.(mcap|db3)(\.zstd?)?$", "", file.name, flags=re.IGNORECASE)


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Numbers by their value: part 2 comes before part 10."""
    parts: Iterable[str] = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
