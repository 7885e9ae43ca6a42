# SPDX-License-Identifier: Apache-2.0
"""Proposals made by many processes on many machines: `llmseg proposals --engine ray`.

    list → read and decode (CPUs) → propose (a GPU each) → write shards

What is finished is known by the shards alone, so that any interruption is resumed by the same
command. The folder and the data must be at the same path on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, Datasink
from ray.data.block import Block, BlockAccessor

from llmseg_core.config import ProposalConfig, RuntimeConfig
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.model_dir.proposers import build_proposals

from ..data import BrokenSampleError, ImageData, open_data
from ..engine.cluster import Cluster, connected
from .cache import CachedProposals
from .made_with import keep_made_with, sam_of
from .record import image_digest
from .shards import SHARD_SCHEMA, error_row, proposals_row, write_shard
from .write import image_to_propose_for, unfinished

__all__ = ["ProposalWork", "propose_with_ray"]

IMAGES_AT_ONCE = 4
"""that travel together from a reader to a worker"""


@dataclass(frozen=True)
class ProposalWork:
    """What is to be proposed for; the same for every process.

    Attributes:
        data: how a command line names the data set, see `open_data`.
        model: directory of the model with SAM.
        config: settings of the generator.
        folder: for the shards.
        dtype: number format of SAM, such as "float32".
        skip_broken: whether a sample with a broken annotation gets no proposals, either.
        root: where relative paths begin.
        shard_mb: size from which on a shard is written, in megabytes before compression.
    """

    data: str
    model: str
    config: ProposalConfig
    folder: Path
    dtype: str = "float32"
    skip_broken: bool = False
    root: Path = Path()
    shard_mb: float = 256.0

    def __post_init__(self) -> None:
        if not 0 < self.shard_mb <= 4096:
            raise ValueError(f"shard_mb is {self.shard_mb}, it must be above 0, at most 4096")


def propose_with_ray(
    work: ProposalWork, cluster: Cluster, samples: int | None = None
) -> tuple[int, list[BrokenSampleError]]:
    """Propose masks for the samples that have none yet.

    Args:
        work: what to do.
        cluster: where.
        samples: only the first so many of the data set; None means all.

    Returns:
        How many images were proposed for, and what was wrong with the others; these are rows with
        an error in the shards, and are tried again by the next call.

    Raises:
        ValueError: if the folder holds proposals of other settings or of another data set, or the
            cluster has too little.
    """
    data = open_data(work.data, work.root)
    keep_made_with(work.folder, data.name, work.config, sam_of(work.model, work.dtype))
    wanted = range(len(data) if samples is None else min(samples, len(data)))
    done = CachedProposals(work.folder)
    missing = [_Task(index, _known(data, index, done)) for index in unfinished(data, wanted, done)]
    if not missing:
        return 0, []
    sink = _ShardSink(work)
    with connected(cluster) as gpus:
        blocks = min(len(missing), 4 * cluster.readers)
        listed = ray.data.from_items(list(map(asdict, missing)), override_num_blocks=blocks)
        read = listed.map_batches(
            _Reader,
            fn_constructor_args=(work,),
            batch_size=IMAGES_AT_ONCE,
            compute=ActorPoolStrategy(min_size=1, max_size=cluster.readers),
            num_cpus=1,
        )
        proposed = read.map_batches(
            _Proposer,
            fn_constructor_args=(work, "cuda" if gpus else "cpu"),
            batch_size=IMAGES_AT_ONCE,
            compute=ActorPoolStrategy(min_size=1, max_size=cluster.workers),
            num_cpus=1,
            num_gpus=gpus,
        )
        proposed.write_datasink(sink)
    return sink.written, [BrokenSampleError(data.name, *each) for each in sink.broken]


@dataclass(frozen=True)
class _Task:
    """A sample, and the digest of the image that proposals are stored of; empty if of none."""

    index: int
    known: str


def _known(data: ImageData, index: int, done: CachedProposals) -> str:
    stored = done.stored(data.sample_name(index))
    return "" if stored is None or not stored.is_whole() else stored.digest or ""


class _Reader:
    """Reads and decodes images; lives in a process of its own."""

    def __init__(self, work: ProposalWork) -> None:
        self._data = open_data(work.data, work.root)
        self._skip_broken = work.skip_broken

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        tasks = zip(batch["index"], batch["known"], strict=True)
        rows = [self._row(int(index), known) for index, known in tasks]
        return {key: [row[key] for row in rows] for key in rows[0]}

    def _row(self, index: int, known: str) -> dict[str, Any]:
        """Pixels or an error; neither if the image is the one that proposals are stored of."""
        row = {"name": self._data.sample_name(index), "size": (0, 0), "pixels": b"", "error": ""}
        try:
            image = image_to_propose_for(self._data, index, self._skip_broken)
        except BrokenSampleError as error:
            return {**row, "error": error.reason}
        if image_digest(image) == known:
            return row
        return {**row, "size": image.shape[:2], "pixels": image.tobytes()}


class _Proposer:
    """Proposes masks; lives in a process of its own, with a GPU where there are some."""

    def __init__(self, work: ProposalWork, device: str) -> None:
        sam = load_sam(work.model, RuntimeConfig(device=device, dtype=work.dtype))
        self._generator = build_proposals(sam, work.config)

    def __call__(self, batch: dict[str, np.ndarray]) -> pa.Table:
        columns = (batch[key] for key in ("name", "size", "pixels", "error"))
        rows = [
            self._row(name, size, pixels, error)
            for name, size, pixels, error in zip(*columns, strict=True)
            if pixels or error
        ]
        return pa.Table.from_pylist(rows, schema=SHARD_SCHEMA)

    def _row(self, name: str, size: Sequence[int], pixels: bytes, error: str) -> dict[str, Any]:
        if error:
            return error_row(name, error)
        image = np.frombuffer(pixels, np.uint8).reshape(*map(int, size), 3).copy()
        return proposals_row(name, image_digest(image), self._generator(image).to("cpu"))


class _ShardSink(Datasink[tuple[int, list[tuple[str, str]]]]):
    """Writes shards.

    Attributes:
        written: images with proposals, when all is done.
        broken: name and error of the others.
    """

    def __init__(self, work: ProposalWork) -> None:
        self._folder, self._bytes = work.folder, int(work.shard_mb * 1e6)
        self.written = 0
        self.broken: list[tuple[str, str]] = []

    @property
    def min_bytes_per_write(self) -> int:
        """See `Datasink`."""
        return self._bytes

    def write(self, blocks: Iterable[Block], ctx: Any) -> tuple[int, list[Any]]:
        """Write one shard; called on any machine."""
        tables = [BlockAccessor.for_block(block).to_arrow() for block in blocks]
        tables = [table.cast(SHARD_SCHEMA) for table in tables if table.num_rows]
        if not tables:
            return 0, []
        rows = pa.concat_tables(tables)
        write_shard(self._folder, rows)
        named = rows.select(["name", "error"]).to_pylist()
        broken = [(row["name"], row["error"]) for row in named if row["error"] is not None]
        return len(named) - len(broken), broken

    def on_write_complete(self, write_result: Any) -> None:
        """Sum up what the writers did; called where the command runs."""
        for written, broken in write_result.write_returns:
            self.written += written
            self.broken += broken
