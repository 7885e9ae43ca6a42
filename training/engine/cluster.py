# SPDX-License-Identifier: Apache-2.0
"""A Ray cluster, or a small one on this machine, with room for what is asked of it.

Ray waits for ever, without a word, for CPUs and GPUs that a cluster does not have; so they are
counted before.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray
from ray.data import DataContext

__all__ = ["Cluster", "connected"]


@dataclass(frozen=True)
class Cluster:
    """What of a cluster is to be used.

    Attributes:
        address: such as "auto", or "ray://host:10001"; None starts Ray on this machine, and stops
            it in the end.
        workers: processes that compute, at most.
        readers: processes that read and decode, at most.
        gpus_per_worker: may be a fraction where several share one; None takes 1 where the cluster
            has GPUs, else 0.

    Raises:
        ValueError: if a number is out of range.
    """

    address: str | None = None
    workers: int = 1
    readers: int = 1
    gpus_per_worker: float | None = None

    def __post_init__(self) -> None:
        for name in ("workers", "readers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be at least 1")
        if self.gpus_per_worker is not None and not 0 <= self.gpus_per_worker < float("inf"):
            raise ValueError(f"gpus_per_worker is {self.gpus_per_worker}, it must be at least 0")

    @property
    def cpus(self) -> int:
        """Logical CPUs that the work needs: one for each process, and one to list and to write."""
        return self.workers + self.readers + 1


@contextmanager
def connected(cluster: Cluster) -> Iterator[float]:
    """Use a cluster within a block, which gets the number of GPUs for each worker.

    Raises:
        ValueError: naming what the cluster lacks.
        ConnectionError: if there is none at that address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    _start(cluster)
    try:
        _quieten()
        yield _checked_gpus(cluster, ray.cluster_resources())
    finally:
        ray.shutdown()


def _quieten() -> None:
    """Let Ray show its progress on a terminal only, and nothing else but warnings."""
    context = DataContext.get_current()
    context.enable_progress_bars = sys.stderr.isatty()
    logging.getLogger("ray.data").setLevel(logging.WARNING)


def _start(cluster: Cluster) -> None:
    if cluster.address is None:
        ray.init(
            num_cpus=max(os.cpu_count() or 1, cluster.cpus),
            include_dashboard=False,
            logging_level=logging.WARNING,
            log_to_driver=False,
        )
        return
    try:
        ray.init(cluster.address, logging_level=logging.WARNING, log_to_driver=False)
    except ConnectionError as error:
        raise ConnectionError(
            f"{error}: is it there (--address), and if it was started with a token, does "
            f"RAY_AUTH_MODE=token stand before the command?"
        ) from error


def _checked_gpus(cluster: Cluster, there: dict[str, float]) -> float:
    """GPUs for each worker."""
    cpus, gpus = there.get("CPU", 0.0), there.get("GPU", 0.0)
    each = cluster.gpus_per_worker
    if each is None:
        each = 1.0 if gpus else 0.0
    lacks = []
    if cpus < cluster.cpus:
        lacks.append(f"{cluster.cpus} logical CPUs and has {cpus:g}")
    if gpus < each * cluster.workers:
        lacks.append(f"{each * cluster.workers:g} GPUs and has {gpus:g}")
    if lacks:
        raise ValueError(
            f"the Ray cluster needs {', '.join(lacks)}: {cluster.workers} workers "
            f"(--workers, with {each:g} GPUs each), {cluster.readers} readers (--readers) and one "
            f"to write; ask for fewer, or start Ray with `ray start --num-cpus {cluster.cpus}`, "
            f"which may be more than the machine has"
        )
    return each
