# SPDX-License-Identifier: Apache-2.0
"""The command line of `make train-embedded`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch

from llmseg_core.cli.device_argument import add_device
from llmseg_core.cli.program import run_program
from llmseg_core.config.values import require
from llmseg_core.runtime.folder_lock import locked

from ..trainer.processes import use_device
from .recipe import EMBEDDED_RECIPE, load_recipe
from .stages import STAGES, EmbeddedTraining

__all__ = ["main"]

PROGRAM = "python -m llmseg_training.embedded"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    return run_program(PROGRAM, lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog=PROGRAM)
    parser.add_argument("--recipe", type=Path, default=EMBEDDED_RECIPE)
    parser.add_argument("--work", type=Path, default=Path("build"), help="everything in between")
    parser.add_argument("--out", type=Path, default=Path("build/embedded"), help="model directory")
    parser.add_argument(
        "--stage", choices=STAGES, action="append", help="only this one; repeatable"
    )
    parser.add_argument(
        "--reuse",
        metavar="MODEL",
        help="begin with all its networks but the selector; sam and recognition are left out, and "
        "refiner if it has one",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that render scenes")
    parser.add_argument("--threads", type=int, default=None, help="of each training")
    add_device(parser)
    options = parser.parse_args(arguments)
    use_device(options.device)
    if options.threads is not None:
        require(options.threads >= 1, "--threads", options.threads, "at least 1")
        torch.set_num_threads(options.threads)
    recipe = load_recipe(options.recipe)
    training = EmbeddedTraining(recipe, options.work, options.out, options.workers)
    try:
        with locked(options.work) if training.state.is_main_process else nullcontext():
            _run_stages(training, options.stage or STAGES, options.reuse)
    finally:
        training.state.destroy_process_group()
    return 0


def _run_stages(training: EmbeddedTraining, stages: Sequence[str], reuse: str | None) -> None:
    """One stage after the other; with networks of the model `reuse`, if there is one."""
    if reuse:
        if training.state.is_main_process:
            training.reuse(reuse)
        training.state.wait_for_everyone()
        reused = training.reused
        stages = [stage for stage in stages if stage not in reused]
    for stage in stages:
        training.state.print(f"stage {stage}", flush=True)
        try:
            training.run(stage)
        except KeyboardInterrupt:
            training.state.print(f"the same command goes on with stage {stage}")
            raise
