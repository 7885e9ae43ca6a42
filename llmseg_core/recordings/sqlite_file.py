# SPDX-License-Identifier: Apache-2.0
"""Storage files of the kind sqlite3 (`.db3`)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from .storage import DamagedMessage, RecordingError, StoredMessage
from .zstd_files import decompressed

__all__ = ["SqliteFile"]

MOST_FAILURES = 20_000
"""rows in a row that cannot be read, after which the rest of the file is given up"""


class SqliteFile:
    """The messages of a database, also of one of which pages are damaged or missing."""

    def __init__(self, path: Path) -> None:
        """Opens it for reading; the file and its folder stay as they are.

        Raises:
            RecordingError: it is no such database, or its table of topics is damaged.
        """
        self.damage = ""
        # Immutable: no lock, no journal, also where the medium is read-only. What a recorder that
        # was killed has left in a log beside the file is read only in the other mode.
        log = path.with_name(f"{path.name}-wal")
        mode = "mode=ro" if log.is_file() and log.stat().st_size else "immutable=1"
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False
            )
            self._connection.text_factory = lambda text: text.decode(errors="replace")
            self._connection.execute("PRAGMA writable_schema = ON")  # reads files that are cut off
            self._connection.execute("PRAGMA query_only = ON")
            topics = self._connection.execute(
                "SELECT id, name, type, serialization_format FROM topics"
            ).fetchall()
        except sqlite3.Error as error:
            raise RecordingError(f"it is no rosbag2 database that can be read ({error})") from error
        self.types = {
            name: kind if form == "cdr" else f"{kind} in {form}" for _, name, kind, form in topics
        }
        self._ids: dict[str, set[int]] = defaultdict(set)
        for number, name, _, _ in topics:
            self._ids[name].add(number)

    def messages(self, topic: str) -> list[StoredMessage]:
        """The messages of a topic, in the order of their times."""
        rows = sorted(
            (time, row)
            for number in self._ids[topic]
            for time, row in self._rows_of_topics.get(number, ())
        )
        return [StoredMessage(time, self, (row, 0)) for time, row in rows]

    def read(self, place: tuple[int, int]) -> bytes:
        """The serialized message in a row; raises DamagedMessage."""
        try:
            found = self._connection.execute(
                "SELECT data FROM messages WHERE id = ?", place[:1]
            ).fetchone()
        except sqlite3.Error as error:
            raise DamagedMessage(str(error)) from error
        if found is None or not isinstance(found[0], bytes):
            raise DamagedMessage("its row holds no data")
        return decompressed(found[0])

    @cached_property
    def _rows_of_topics(self) -> dict[int, list[tuple[int, int]]]:
        """(time in ns, number of the row) of every message, by topic."""
        rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row, topic, time in self._rows():
            if isinstance(topic, int) and isinstance(time, int):
                rows[topic].append((time, row))
        return rows

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        """Row, topic and time of every message; steps over rows that cannot be read."""
        last, failures, lost = -1, 0, 0
        while failures < MOST_FAILURES:
            try:
                for row in self._connection.execute(
                    "SELECT id, topic_id, timestamp FROM messages WHERE id > ? ORDER BY id", (last,)
                ):
                    last, failures = row[0], 0
                    yield row
                return
            except sqlite3.Error as error:
                last, failures, lost = last + 1, failures + 1, lost + 1
                self.damage = f"some of its rows are lost ({error})"
