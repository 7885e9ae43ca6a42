# SPDX-License-Identifier: Apache-2.0
"""What the storage files of recordings have in common: topics, and messages that may be damaged.

A file is read for the one topic that is wanted. Whatever else is in it, such as types that nobody
knows, definitions, QoS profiles or a torn end, does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["DamagedMessage", "RecordingError", "Storage", "StoredMessage"]


class RecordingError(ValueError):
    """A recording that cannot be played at all; the text says why and what would be right."""


class DamagedMessage(ValueError):
    """A message that cannot be read; those after it may be."""


class Storage(Protocol):
    """A storage file."""

    @property
    def types(self) -> dict[str, str]:
        """Type of each topic, such as "sensor_msgs/msg/Image"."""

    @property
    def damage(self) -> str:
        """What of the file is lost, in half a sentence; empty if nothing is known to be."""

    def messages(self, topic: str) -> list[StoredMessage]:
        """The messages of a topic, in the order of the file."""

    def read(self, place: tuple[int, int]) -> bytes:
        """The serialized message at a place; raises DamagedMessage."""


@dataclass(frozen=True)
class StoredMessage:
    """Where a message is stored; its content is not read yet."""

    time_ns: int
    """When it was recorded, ns since the epoch."""
    storage: Storage
    """The file."""
    place: tuple[int, int]
    """Where in that file."""

    def read(self) -> bytes:
        """The serialized message; raises DamagedMessage."""
        return self.storage.read(self.place)
