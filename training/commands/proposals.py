# SPDX-License-Identifier: Apache-2.0
"""`llmseg proposals`: SAM's proposals of a data set, computed once for training and evaluation."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device
from llmseg_core.config import ProposalConfig, RuntimeConfig

from .common_arguments import add_broken, add_samples, checked_samples
from .engine_arguments import add_engine, asked_cluster, chosen_engine

__all__ = ["PROPOSALS"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="KIND:PATH:SPLIT, or a folder of our format")
    parser.add_argument("--model", required=True, metavar="DIR", help="model directory with SAM")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="where proposals are kept"
    )
    parser.add_argument(
        "--points-per-side", type=int, metavar="N", help="prompt points; default: the model's"
    )
    add_device(parser)
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    add_broken(parser)
    add_samples(parser, "only the first N images")
    add_engine(parser)
    parser.add_argument(
        "--shard-mb", type=float, default=256.0, metavar="MB",
        help="--engine ray: size from which on a file is written, before compression "
        "(default: 256)",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    return _run_with_ray(options) if chosen_engine(options) == "ray" else _run_here(options)


def _run_with_ray(options: argparse.Namespace) -> int:
    from ..data import BrokenPolicy, broken_report, open_data
    from ..proposals.ray_proposals import ProposalWork, propose_with_ray

    cluster = asked_cluster(options)
    skip = options.broken == BrokenPolicy.SKIP.value
    work = ProposalWork(
        options.data, options.model, _config(options), options.out.resolve(), options.dtype, skip,
        Path.cwd(), options.shard_mb,
    )  # fmt: skip
    samples = checked_samples(options)
    written, broken = propose_with_ray(work, cluster, samples)
    print(f"{written} new images in {options.out}")
    if broken:
        print(broken_report(open_data(options.data), broken, samples), file=sys.stderr)
    return 1 if broken and not skip else 0


def _config(options: argparse.Namespace) -> ProposalConfig:
    """The model's settings of the generator, with what the options change."""
    from llmseg_core.model_dir.checkpoint import load_config
    from llmseg_core.model_dir.directory import model_directory

    config = load_config(model_directory(options.model)).proposals
    if options.points_per_side is not None:
        config = replace(config, points_per_side=options.points_per_side)
    return config


def _run_here(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from llmseg_core.model_dir.checkpoint import load_sam
    from llmseg_core.model_dir.proposers import build_proposals

    from ..data import BrokenPolicy, BrokenSampleError, broken_report, open_data
    from ..proposals.made_with import sam_of
    from ..proposals.write import write_proposals
    from ..trainer.processes import processes, use_device

    data, samples = open_data(options.data), checked_samples(options)
    count = len(data) if samples is None else min(samples, len(data))
    use_device(options.device)
    state = processes()
    try:
        config = _config(options)
        sam = load_sam(options.model, RuntimeConfig(device=str(state.device), dtype=options.dtype))
        broken: list[BrokenSampleError] = []
        written = write_proposals(
            build_proposals(sam, config),
            data,
            options.out,
            range(state.process_index, count, state.num_processes),
            config,
            broken.append if options.broken == BrokenPolicy.SKIP.value else None,
            show_progress=state.is_local_main_process,
            sam=sam_of(options.model, sam.dtype),
        )
    finally:
        state.destroy_process_group()
    share = f"process {state.process_index} of {state.num_processes}: " * (state.num_processes > 1)
    tqdm.write(f"{share}{written} new files in {options.out}")
    if broken:
        print(broken_report(data, broken, count), file=sys.stderr)
    return 0


PROPOSALS = Command(
    "Compute and store SAM's proposals of a data set.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "pycocotools", "scipy"),
)
