# SPDX-License-Identifier: Apache-2.0
"""Proposals of many images in one parquet file, for data sets of millions.

    PROPOSALS/0017641421-9f86d081.parquet   a row an image: name, digest, masks as COCO RLE, scores

A shard is whole or not there. What a later shard says of an image replaces what an earlier one
says. An image that could not be read is a row, too, with its error and without proposals.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llmseg_core.runtime.whole_file import whole_file
from llmseg_core.types import Proposals

from .record import proposals_record
from .stored_file import sample_key

__all__ = ["SHARD_SCHEMA", "ShardRow", "error_row", "proposals_row", "shard_rows", "write_shard"]

ROWS_A_GROUP = 16
"""that are read together, when one is asked for: about half a megabyte"""
_numbers = pa.list_(pa.float32())
SHARD_SCHEMA = pa.schema([
    pa.field("name", pa.string(), nullable=False),
    pa.field("digest", pa.string()),
    pa.field("size", pa.list_(pa.int32())),
    pa.field("image_size", pa.list_(pa.int32())),
    pa.field("rle", pa.list_(pa.string())),
    pa.field("boxes", pa.list_(_numbers)),
    pa.field("predicted_iou", _numbers),
    pa.field("stability", _numbers),
    pa.field("points", pa.list_(_numbers)),
    pa.field("error", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class ShardRow:
    """Where the proposals of an image are stored.

    Attributes:
        path: of the shard.
        group: number of the row group.
        row: number within the group.
        key: of the sample, see `sample_key`.
        digest: of its image.
    """

    path: Path
    group: int
    row: int
    key: str
    digest: str

    def is_whole(self) -> bool:
        """Shards are never cut short."""
        return True

    def read(self) -> dict[str, Any]:
        """What `proposals_of` takes."""
        return _group(self.path, self.group).slice(self.row, 1).to_pylist()[0]


def proposals_row(name: str, digest: str, proposals: Proposals) -> dict[str, Any]:
    """A row of `SHARD_SCHEMA` for an image that proposals were made of."""
    return {"name": name, "digest": digest, **proposals_record(proposals), "error": None}


def error_row(name: str, error: str) -> dict[str, Any]:
    """A row of `SHARD_SCHEMA` for an image that could not be read; `error` says why."""
    return {**dict.fromkeys(SHARD_SCHEMA.names), "name": name, "error": error}


def write_shard(folder: Path, rows: pa.Table) -> Path:
    """Write rows of `SHARD_SCHEMA` as one file, whole or not at all; its path is returned.

    Raises:
        OSError: if it cannot be written.
    """
    path = folder / f"{time.time_ns() // 1_000_000:014d}-{secrets.token_hex(4)}.parquet"
    with whole_file(path) as temporary:
        pq.write_table(
            rows.cast(SHARD_SCHEMA), temporary, compression="zstd", row_group_size=ROWS_A_GROUP
        )
    return path


def shard_rows(path: Path) -> Iterator[ShardRow]:
    """Every image of a shard that has proposals.

    Raises:
        ValueError: naming the file, if it is no shard.
    """
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=["name", "digest", "error"])
                for row, entry in enumerate(table.to_pylist()):
                    if entry["error"] is None:
                        key = sample_key(entry["name"])
                        yield ShardRow(path, group, row, key, entry["digest"])
    except (pa.ArrowException, KeyError) as error:
        raise ValueError(
            f"{path} holds no proposals: {error}; remove it, and compute them with "
            f"`llmseg proposals`"
        ) from error


@lru_cache(maxsize=4)
def _group(path: Path, group: int) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group)
