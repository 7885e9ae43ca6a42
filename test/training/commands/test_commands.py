# SPDX-License-Identifier: Apache-2.0
"""What holds for all commands: they say what they need, and help lists what there is."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest

from helpers.import_closure import imported_packages
from llmseg_core.cli.command import Command
from llmseg_training.commands import choices
from llmseg_training.commands.ablate import ABLATE
from llmseg_training.commands.data import DATA
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.commands.train import TRAIN
from llmseg_training.data import BrokenPolicy
from llmseg_training.embedded.ablation import ABLATIONS
from llmseg_training.evaluate.paper_tables import PAPER_TABLES
from llmseg_training.evaluate.prediction_files import Missing

TRAINING_ONLY = {
    "accelerate", "embreex", "matplotlib", "pycocotools", "scipy", "tensorboard", "trimesh",
}  # fmt: skip
"""Packages of `pip install .[training]` that inference does without."""


@pytest.mark.parametrize("command", [ABLATE, DATA, EVALUATE, PROPOSALS, TRAIN])
def test_a_command_names_the_packages_that_it_comes_to_import(command: Command) -> None:
    imported = imported_packages(command.run.__module__)
    found = {name.partition(".")[0] for name in imported} & TRAINING_ONLY
    if "torch.utils.tensorboard" in imported:
        found.add("tensorboard")
    assert set(command.needs) == found
    assert command.missing is None


def test_training_only_is_what_setup_says() -> None:
    from test_architecture import setup_requirements

    distributions = packages_distributions()
    names = {name for each in TRAINING_ONLY for name in distributions[each]}
    assert names | {"rosbags-image"} == setup_requirements("TRAINING")


def test_help_lists_what_there_is() -> None:
    assert tuple(policy.value for policy in BrokenPolicy) == choices.BROKEN
    assert tuple(each.value for each in Missing) == choices.MISSING
    assert choices.PAPER_TABLES == PAPER_TABLES
    assert (*ABLATIONS, "table5") == choices.ABLATION_TABLES
