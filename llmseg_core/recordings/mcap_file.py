# SPDX-License-Identifier: Apache-2.0
"""Storage files of the kind mcap.

The format is at https://mcap.dev/spec: records of one byte that says what it is, eight bytes of
length, and content. Messages are in chunks, which may be compressed. A file that was closed ends
with a summary; of one that was not, all whole records are read.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

import lz4.frame  # type: ignore[import-untyped]

from .storage import DamagedMessage, RecordingError, StoredMessage
from .zstd_files import decompressed, decompressed_beginning

__all__ = ["McapFile"]

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX, STATISTICS, DATA_END = (
    (0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0B, 0x0F)
)  # fmt: skip
HEAD = struct.Struct("<BQ")
MESSAGE_HEAD = struct.Struct("<HIQQ")
CHUNK_HEAD = struct.Struct("<QQQI")
INDEX_ENTRY = struct.Struct("<QQ")
OUTSIDE = -1
"""instead of the place of a chunk, for a message in none"""

DAMAGE = (struct.error, ValueError, RuntimeError, EOFError, OverflowError, MemoryError)
"""what damaged bytes cause in the decompressors and here"""


@dataclass(frozen=True)
class Chunk:
    """Where a chunk is, and the index of each channel in it."""

    place: int
    index_places: dict[int, int]


@dataclass
class Contents:
    """What is known of the file."""

    schemas: dict[int, str] = field(default_factory=dict)
    channels: dict[int, tuple[str, str]] = field(default_factory=dict)
    """topic and type by channel"""
    chunks: list[Chunk] = field(default_factory=list)
    messages: dict[int, list[tuple[int, tuple[int, int]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """(time, place) by channel, of messages that were found without an index"""
    chunk_count: int | None = None
    message_count: int | None = None

    def take(self, kind: int, content: bytes) -> None:
        """Notes a schema, a channel, a chunk's index or the statistics."""
        if kind == SCHEMA:
            name, _ = _text(content, 2)
            self.schemas[struct.unpack_from("<H", content)[0]] = name
        elif kind == CHANNEL:
            number, schema = struct.unpack_from("<HH", content)
            topic, end = _text(content, 4)
            encoding, _ = _text(content, end)
            name = self.schemas.get(schema, "unknown")
            self.channels[number] = topic, name if encoding == "cdr" else f"{name} in {encoding}"
        elif kind == CHUNK_INDEX:
            place, _, size = struct.unpack_from("<QQI", content, 16)
            pairs = content[36 : 36 + size]
            self.chunks.append(Chunk(place, dict(struct.iter_unpack("<HQ", pairs))))
        elif kind == STATISTICS:
            self.message_count, *_, self.chunk_count = struct.unpack_from("<QHIIII", content)


class McapFile:
    """The messages of an mcap file, also of one that was not closed or is damaged."""

    def __init__(self, file: IO[bytes]) -> None:
        """Reads what is in it, from its summary or else from all of it.

        Raises:
            RecordingError: it is no mcap file, or so damaged that nothing is left.
        """
        self.damage = ""
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._chunk: tuple[int, bytes] = OUTSIDE, b""
        self._torn_place = self._size  # of the last record, if the file ends in its midst
        if self._bytes(0, len(MAGIC)) != MAGIC:
            raise RecordingError("it does not begin as an mcap file does")
        try:
            self._contents = self._summary()
        except DamagedMessage:
            self._contents = self._scan()
        if not self._contents.channels and self.damage:
            raise RecordingError(f"nothing can be read of it: {self.damage}")
        self.types = dict(self._contents.channels.values())

    def messages(self, topic: str) -> list[StoredMessage]:
        """The messages of a topic, in the order of their times."""
        found: list[tuple[int, tuple[int, int]]] = []
        for channel, (name, _) in self._contents.channels.items():
            if name == topic:
                found += self._contents.messages.get(channel, ())
                for chunk in self._contents.chunks:
                    found += self._indexed(chunk, channel)
        return [StoredMessage(time, self, place) for time, place in sorted(found)]

    def read(self, place: tuple[int, int]) -> bytes:
        """The serialized message at a place; raises DamagedMessage."""
        chunk, offset = place
        if chunk == OUTSIDE:
            kind, content = self._record(offset)
        else:
            kind, content = _record_in(self._records(chunk), offset)
        if kind != MESSAGE or len(content) < MESSAGE_HEAD.size:
            raise DamagedMessage("there is no message where the index says")
        return decompressed(content[MESSAGE_HEAD.size :])

    # ------------------------------------------------------------------ indexes

    def _summary(self) -> Contents:
        """What the summary says; raises DamagedMessage where there is none or it leaves gaps."""
        end = self._size - len(MAGIC)
        if self._bytes(end, len(MAGIC)) != MAGIC:
            raise DamagedMessage("it was not closed")
        place = end - HEAD.size - 20
        kind, content = self._record(place)
        if kind != FOOTER:
            raise DamagedMessage("it has no footer")
        contents, position = Contents(), struct.unpack_from("<Q", content)[0]
        while 0 < position < place:
            kind, content = self._record(position)
            try:
                contents.take(kind, content)
            except DAMAGE as error:
                raise DamagedMessage("its summary is damaged") from error
            position += HEAD.size + len(content)
        indexed = sum(bool(chunk.index_places) for chunk in contents.chunks)
        if not contents.channels or not indexed or indexed != contents.chunk_count:
            raise DamagedMessage("its summary leaves gaps")
        return contents

    def _scan(self) -> Contents:
        """What is found by going through the file, up to where it is torn."""
        contents, position = Contents(), len(MAGIC)
        while position < self._size:
            try:
                kind, size = HEAD.unpack(self._bytes(position, HEAD.size))
            except DamagedMessage:
                self.damage = f"it was not closed, its last {self._size - position} bytes are lost"
                break
            if kind in (DATA_END, FOOTER):
                break
            if position + HEAD.size + size > self._size:
                self.damage = f"it was not closed, or is damaged from byte {position} on"
                self._torn_place = position
                if kind != CHUNK:
                    break
            try:
                self._take_record(contents, kind, position, size)
            except (DamagedMessage, *DAMAGE) as error:
                self.damage = f"a part at byte {position} is damaged ({error})"
            position += HEAD.size + size
        return contents

    def _take_record(self, contents: Contents, kind: int, position: int, size: int) -> None:
        if kind == CHUNK:
            for inner, offset, content in _records_of(self._records(position)):
                if inner == MESSAGE:
                    channel, _, time, _ = MESSAGE_HEAD.unpack_from(content)
                    contents.messages[channel].append((time, (position, offset)))
                else:
                    contents.take(inner, content)
        elif kind == MESSAGE:
            head = self._bytes(position + HEAD.size, MESSAGE_HEAD.size)
            channel, _, time, _ = MESSAGE_HEAD.unpack(head)
            contents.messages[channel].append((time, (OUTSIDE, position)))
        elif kind in (SCHEMA, CHANNEL):
            contents.take(kind, self._bytes(position + HEAD.size, size))

    def _indexed(self, chunk: Chunk, channel: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """(time, place) of a channel's messages in a chunk."""
        if channel not in chunk.index_places:
            return
        try:
            kind, content = self._record(chunk.index_places[channel])
            if kind != MESSAGE_INDEX:
                raise DamagedMessage("not an index")
            for time, offset in INDEX_ENTRY.iter_unpack(content[6:]):
                yield time, (chunk.place, offset)
        except (DamagedMessage, *DAMAGE) as error:
            self.damage = f"the index of a part at byte {chunk.place} is damaged ({error})"

    # ------------------------------------------------------------------ records

    def _records(self, place: int) -> bytes:
        """The decompressed records of the chunk at a place; the last chunk is kept."""
        if self._chunk[0] != place:
            kind, content = self._record(place)
            if kind != CHUNK:
                raise DamagedMessage("there is no chunk where the index says")
            try:
                self._chunk = place, _chunk_records(content, torn=place == self._torn_place)
            except DAMAGE as error:
                raise DamagedMessage(f"its chunk cannot be decompressed: {error}") from error
        return self._chunk[1]

    def _record(self, place: int) -> tuple[int, bytes]:
        """Kind and content of the record at a place of the file."""
        kind, size = HEAD.unpack(self._bytes(place, HEAD.size))
        if place == self._torn_place:
            size = self._size - place - HEAD.size
        return kind, self._bytes(place + HEAD.size, size)

    def _bytes(self, place: int, size: int) -> bytes:
        """Bytes of the file; raises DamagedMessage where it has less."""
        if not 0 <= place <= self._size - size:
            raise DamagedMessage("the file ends before it")
        try:
            self._file.seek(place)
            data = self._file.read(size)
        except OSError as error:
            raise DamagedMessage(f"it cannot be read: {error}") from error
        if len(data) != size:
            raise DamagedMessage("the file ends before it")
        return data


def _chunk_records(content: bytes, torn: bool) -> bytes:
    """The decompressed records in a chunk, or in its beginning; raises one of DAMAGE."""
    _, _, size, checksum = CHUNK_HEAD.unpack_from(content)
    compression, end = _text(content, CHUNK_HEAD.size)
    (stored,) = struct.unpack_from("<Q", content, end)
    records = content[end + 8 : end + 8 + stored]
    if not compression:  # a wrong byte concerns one message alone, and that one can tell
        return records
    if compression == "lz4":
        records = lz4.frame.LZ4FrameDecompressor().decompress(records)
    elif compression == "zstd":
        records = decompressed_beginning(records)
    else:
        raise ValueError(f"{compression!r} is neither 'zstd' nor 'lz4'")
    if torn:
        return records
    if len(records) != size or (checksum and zlib.crc32(records) != checksum):
        raise ValueError("its checksum is another one")
    return records


def _records_of(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, place and content of each record; stops at one that is torn."""
    place = 0
    while place + HEAD.size <= len(data):
        try:
            kind, content = _record_in(data, place)
        except DamagedMessage:
            return
        yield kind, place, content
        place += HEAD.size + len(content)


def _record_in(data: bytes, place: int) -> tuple[int, bytes]:
    """Kind and content of the record at a place of `data`; raises DamagedMessage."""
    if place + HEAD.size > len(data):
        raise DamagedMessage("its chunk ends before it")
    kind, size = HEAD.unpack_from(data, place)
    content = data[place + HEAD.size : place + HEAD.size + size]
    if len(content) != size:
        raise DamagedMessage("its chunk ends before it")
    return kind, content


def _text(content: bytes, place: int) -> tuple[str, int]:
    """The text at a place, and the place after it."""
    (size,) = struct.unpack_from("<I", content, place)
    end = place + 4 + size
    if end > len(content):
        raise ValueError("a text is longer than its record")
    return content[place + 4 : end].decode(errors="replace"), end
