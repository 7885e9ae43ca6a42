# SPDX-License-Identifier: Apache-2.0
"""Options that say where the work is done, the same in all commands that have them."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .choices import ENGINES

if TYPE_CHECKING:
    from ..engine.cluster import Cluster

__all__ = ["add_engine", "asked_cluster", "chosen_engine"]

RAY_OPTIONS: dict[str, Any] = {"address": None, "workers": 1, "readers": 1, "gpus_per_worker": None}


def add_engine(parser: argparse.ArgumentParser, readers: bool = True) -> None:
    """Declare `--engine` and what goes with it.

    Args:
        parser: of a command.
        readers: whether processes of their own read what the workers compute with.
    """
    group = parser.add_argument_group("where")
    group.add_argument(
        "--engine", choices=ENGINES, default="local",
        help="local: in this process, or those of torchrun; ray: in many, on many machines "
        "(default: local)",
    )  # fmt: skip
    group.add_argument(
        "--address", metavar="HOST:PORT",
        help='of a Ray cluster, or "auto" (default: Ray is started here, and stopped in the end)',
    )  # fmt: skip
    group.add_argument(
        "--workers", type=int, default=1, metavar="N", help="that compute, at most (default: 1)"
    )
    if readers:
        group.add_argument(
            "--readers", type=int, default=1, metavar="N", help="that read, at most (default: 1)"
        )
    group.add_argument(
        "--gpus-per-worker", type=float, metavar="N",
        help="may be a fraction (default: 1 where the cluster has GPUs, else 0)",
    )  # fmt: skip


def chosen_engine(options: argparse.Namespace) -> str:
    """The engine.

    Raises:
        ValueError: if Ray is not installed, or an option of Ray's is set for another engine.
    """
    engine: str = options.engine
    if engine == "ray" and find_spec("ray") is None:
        raise ValueError(
            "--engine ray needs ray, which is not installed: "
            "pip install -r requirements-distributed.txt"
        )
    for name, usual in RAY_OPTIONS.items():
        value = getattr(options, name, usual)
        if engine != "ray" and value != usual:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"{option} is {value!r}, which is for --engine ray")
    return engine


def asked_cluster(options: argparse.Namespace) -> Cluster:
    """What of a cluster the options ask for.

    Raises:
        ValueError: if a number is out of range, or `--device` is given, which is Ray's to say.
    """
    from ..engine.cluster import Cluster

    if options.device is not None:
        raise ValueError(
            f"--device is {options.device!r}, and Ray gives each worker its own: leave it out, and "
            f"set --gpus-per-worker"
        )
    readers = getattr(options, "readers", RAY_OPTIONS["readers"])
    return Cluster(options.address, options.workers, readers, options.gpus_per_worker)
