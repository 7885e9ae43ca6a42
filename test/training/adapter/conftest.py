# SPDX-License-Identifier: Apache-2.0
"""A place of the paper's training, and a training that ended there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.adapter_place import Place, Trained
from helpers.folder_data import write_folder_data
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import open_data
from llmseg_training.proposals.write import write_proposals


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Place:
    """It may not be changed."""
    root = tmp_path_factory.mktemp("place")
    config = load_config(model_folder).proposals
    generator = SamProposalGenerator(load_sam(model_folder), config)
    for name, images, first in (("train", 4, 0), ("val", 2, 10)):
        data = open_data(write_folder_data(root / name, images, first))
        folder = root / "proposals" / name
        write_proposals(generator, data, folder, config=config, show_progress=False)
    return Place(root, model_folder)


@pytest.fixture(scope="session")
def trained(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """It may not be changed."""
    work = tmp_path_factory.mktemp("work")
    model = train_adapter(place.recipe(), work)
    state = json.loads((work / "checkpoint-8" / "trainer_state.json").read_text())
    return Trained(work, model, state["log_history"])
