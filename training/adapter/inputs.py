# SPDX-License-Identifier: Apache-2.0
"""Data and stored proposals of a recipe, opened and tried before any weights are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmseg_core.config import ProposalConfig
from llmseg_core.model_dir.checkpoint import load_config, model_directory

from ..data import BrokenPolicy, ImageData, open_data
from ..data.draws import SampleDraws
from ..proposals.cache import CachedProposals
from ..proposals.made_with import SamInUse, sam_of
from .recipe import AdapterRecipe

__all__ = ["AdapterInputs", "open_inputs"]


@dataclass(frozen=True)
class AdapterInputs:
    """What a training reads besides its model.

    Attributes:
        data: training data.
        proposals: stored ones of its images, or None if SAM proposes live.
        validation: data on which the best model is chosen, or None.
        validation_proposals: stored ones of its images, or None.
    """

    data: ImageData
    proposals: CachedProposals | None
    validation: ImageData | None
    validation_proposals: CachedProposals | None


def open_inputs(recipe: AdapterRecipe) -> AdapterInputs:
    """Open what a recipe names, and read one sample of each data set with its proposals.

    This takes seconds, where reading the weights takes minutes: a wrong path shows at once.

    Raises:
        FileNotFoundError: if the model directory, data or stored proposals are missing.
        BrokenSampleError: if the sample cannot be read, and broken samples are fatal.
        ValueError: if a data set has another layout, or proposals were made with other settings.
    """
    config = load_config(model_directory(recipe.model)).proposals
    data = open_data(recipe.data, reading=recipe.released)
    proposals = _tried(recipe, data, recipe.proposals, config)
    if recipe.validation is None:
        return AdapterInputs(data, proposals, None, None)
    validation = open_data(recipe.validation)
    tried = _tried(recipe, validation, recipe.validation_proposals, config)
    return AdapterInputs(data, proposals, validation, tried)


def _tried(
    recipe: AdapterRecipe, data: ImageData, folder: str | None, config: ProposalConfig
) -> CachedProposals | None:
    """The stored proposals of a data set; a sample of it was read, and has some."""
    proposals = None
    if folder is not None:
        proposals = CachedProposals(Path(folder), config, _sam(recipe))
    draws = SampleDraws(data, recipe.questions, BrokenPolicy(recipe.broken))
    sample = draws.draw(np.random.default_rng(recipe.seed))
    if proposals is not None:
        proposals(sample.image)
    return proposals


def _sam(recipe: AdapterRecipe) -> SamInUse | None:
    """The SAM that must have proposed, in any number format: the selector learns from all.

    None where there is none; that is told with the other parts of the model.
    """
    try:
        return sam_of(recipe.model)
    except FileNotFoundError:
        return None
