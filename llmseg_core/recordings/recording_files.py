# SPDX-License-Identifier: Apache-2.0
"""Which files and folders are recordings; imports nothing that reads them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["METADATA", "is_recording", "storage_suffix", "unreadable_kind"]

METADATA = "metadata.yaml"
STORAGE_SUFFIXES = (".mcap", ".db3")
COMPRESSED_SUFFIXES = (".zstd", ".zst")
OTHER_KINDS = {
    ".bag": "it is a ROS 1 bag, convert it: rosbags-convert --src {name} --dst {stem}",
    ".active": "it is a ROS 1 bag that was not closed: rosbag reindex mends it",
    ".db3-wal": "it is the log of a database, name the .db3 file beside it",
    ".db3-shm": "it is the index of a database's log, name the .db3 file beside it",
}


def storage_suffix(path: Path) -> str:
    """The kind of storage by a file's name, .mcap or .db3; empty for another file."""
    name = path.name.lower()
    for suffix in COMPRESSED_SUFFIXES:
        name = name.removesuffix(suffix)
    suffix = Path(name).suffix
    return suffix if suffix in STORAGE_SUFFIXES and not name.startswith(".") else ""


def is_recording(path: Path) -> bool:
    """Whether a path is meant as a recording: its folder, its metadata.yaml or a storage file.

    Recordings that cannot be read, such as a ROS 1 bag, are among them.
    """
    if path.is_dir():
        return (path / METADATA).is_file() or any(map(storage_suffix, path.iterdir()))
    return path.name == METADATA or bool(storage_suffix(path)) or path.suffix.lower() in OTHER_KINDS


def unreadable_kind(path: Path) -> str | None:
    """Why a recording of this kind is not read, and what can be done; None if it is."""
    reason = OTHER_KINDS.get(path.suffix.lower())
    return reason and reason.format(name=path.name, stem=path.stem)
