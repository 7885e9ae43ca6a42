# SPDX-License-Identifier: Apache-2.0
"""Items of a list worked on one by one by the processes of a cluster."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.data import ActorPoolStrategy, DataContext

from .cluster import Cluster, connected

__all__ = ["ItemWorker", "worked"]

ITEMS_A_BLOCK = 64
"""at most: a block's rows come when all of it is done"""


class ItemWorker(ABC):
    """Works on items; in a process of its own, with a GPU where there are some.

    Args:
        root: working directory of the command, where relative paths begin.
    """

    def __init__(self, root: Path) -> None:
        os.chdir(root)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Give the rows of some items, as Ray has them."""
        rows = [self.row(int(item)) for item in batch["item"]]
        return {key: [row[key] for row in rows] for key in rows[0]}

    @abstractmethod
    def row(self, item: int) -> dict[str, Any]:
        """Give the result of one item, with the same keys for all."""


@contextmanager
def worked(
    items: Sequence[int],
    worker: type[ItemWorker],
    arguments: Sequence[Any],
    cluster: Cluster,
    in_order: bool = False,
) -> Iterator[Iterator[dict[str, Any]]]:
    """Rows of all items, as long as the block lasts; what is not taken is given up with it.

    Args:
        items: at least one.
        worker: made in each process of `arguments`, the working directory and a device.
        arguments: what else it is made of.
        cluster: where.
        in_order: whether rows come in the order of items.

    Raises:
        ValueError, ConnectionError: as `connected` does.
    """
    with connected(cluster) as gpus:
        DataContext.get_current().execution_options.preserve_order = in_order
        blocks = min(len(items), max(4 * cluster.workers, len(items) // ITEMS_A_BLOCK))
        rows = ray.data.from_items(list(items), override_num_blocks=blocks).map_batches(
            worker,
            fn_constructor_args=(*arguments, Path.cwd(), "cuda" if gpus else "cpu"),
            batch_size=1,
            compute=ActorPoolStrategy(min_size=1, max_size=cluster.workers),
            num_cpus=1,
            num_gpus=gpus,
        )
        yield iter(rows.iter_rows())
