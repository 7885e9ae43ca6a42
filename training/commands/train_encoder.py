# SPDX-License-Identifier: Apache-2.0
"""`llmseg train-encoder`: the image encoder of a model learns to tell apart what you speak of."""

from __future__ import annotations

import argparse

from llmseg_core.cli.command import Command

from .tuning import add_tuning_arguments, tune

__all__ = ["TRAIN_ENCODER"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_arguments(parser, steps=500, images=8, learning_rate="4e-4")


def _run(options: argparse.Namespace) -> int:
    from ..embedded.tune_encoder import TuneEncoderRecipe, tune_encoder

    return tune(options, TuneEncoderRecipe(), tune_encoder, "image encoder")


TRAIN_ENCODER = Command(
    "Teach the image encoder of a model the words that are said of your own images.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "pycocotools", "scipy"),
)
