# SPDX-License-Identifier: Apache-2.0
"""`llmseg train-proposals`: the small SAM of a model learns to propose what your images hold."""

from __future__ import annotations

import argparse

from llmseg_core.cli.command import Command

from .tuning import add_tuning_arguments, tune

__all__ = ["TRAIN_PROPOSALS"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_arguments(parser, steps=800, images=4, learning_rate="5e-4")


def _run(options: argparse.Namespace) -> int:
    from ..embedded.tune_sam import TuneSamRecipe, tune_sam

    return tune(options, TuneSamRecipe(), tune_sam, "SAM")


TRAIN_PROPOSALS = Command(
    "Teach the small SAM of a model the masks of your own images.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "pycocotools", "scipy"),
)
