# SPDX-License-Identifier: Apache-2.0
"""Data and stored proposals of a recipe, opened and tried before any weights are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmseg_core.config import ProposalConfig
from llmseg_core.model_dir.checkpoint import load_config, load_prompt_tokens
from llmseg_core.model_dir.directory import method_name, model_directory

from ..data import BrokenPolicy, ImageData, ReadableSamples, open_data
from ..data.draws import SampleDraws
from ..data.image_data import SampleCheck
from ..learning.askable import Askable
from ..proposals.cache import CachedProposals, HasProposals
from ..proposals.made_with import SamInUse, sam_of
from .recipe import AdapterRecipe

__all__ = ["TRAINED", "AdapterInputs", "open_inputs"]

TRAINED = ("llm_seg", "lisa")
"""Methods that learn by a recipe."""


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
    config = _proposal_config(recipe)
    policy = BrokenPolicy(recipe.broken)
    askable = _askable(recipe)
    data = open_data(recipe.data, reading=recipe.released)
    data.require(askable)
    proposals = _stored(recipe, data, recipe.proposals, config)
    if policy is BrokenPolicy.FATAL:
        _refuse_gaps(data, proposals, len(data))
    SampleDraws(data, recipe.questions, policy).draw(np.random.default_rng(recipe.seed))
    if recipe.validation is None:
        return AdapterInputs(data, proposals, None, None)
    validation = open_data(recipe.validation)
    validation.require(askable)
    stored = _stored(recipe, validation, recipe.validation_proposals, config)
    count = min(recipe.validation_samples or len(validation), len(validation))
    if policy is BrokenPolicy.FATAL:
        _refuse_gaps(validation, stored, count)
    if next(iter(ReadableSamples(validation, policy, range(count))), None) is None:
        raise ValueError(f"{validation.name} has no sample that can be used")
    return AdapterInputs(data, proposals, validation, stored)


def _proposal_config(recipe: AdapterRecipe) -> ProposalConfig | None:
    """How the model of a recipe proposes; None where its method does not.

    Raises:
        ValueError: if it is a model of a method that does not learn.
    """
    path = model_directory(recipe.model)
    name = method_name(path)
    if name not in TRAINED:
        raise ValueError(
            f"model is {recipe.model!r}, a model of the method {name!r}, which does not learn; it "
            f"must be one of {' or '.join(TRAINED)}"
        )
    return load_config(path).proposals if name == "llm_seg" else None


def _stored(
    recipe: AdapterRecipe, data: ImageData, folder: str | None, config: ProposalConfig | None
) -> CachedProposals | None:
    """The stored proposals of a data set, which from now on each of its samples must have."""
    if folder is None:
        return None
    if config is None:
        raise ValueError(f"proposals are {folder!r}, but a LISA has none: leave them out (null)")
    proposals = CachedProposals(Path(folder), config, _sam(recipe))
    data.require(HasProposals(proposals))
    return proposals


def _refuse_gaps(data: ImageData, proposals: CachedProposals | None, count: int) -> None:
    """Refuse data whose first `count` samples do not all have proposals: that is found in seconds.

    Raises:
        FileNotFoundError: counting them, with an example.
    """
    names = [data.sample_name(index) for index in range(count)]
    without = [name for name in names if proposals is not None and name not in proposals]
    if proposals is not None and without:
        raise FileNotFoundError(
            f"{proposals.folder} has no proposals of {len(without)} of {count} samples "
            f"of {data.name}, such as {without[0]!r}: compute them with `llmseg proposals`, "
            f"or set broken=skip"
        )


def _askable(recipe: AdapterRecipe) -> SampleCheck:
    """The check that the VLM can be asked a sample's questions; none where there is no VLM.

    That is told with the other parts of the model.
    """
    try:
        return Askable(load_prompt_tokens(recipe.model))
    except FileNotFoundError:
        return lambda sample: None


def _sam(recipe: AdapterRecipe) -> SamInUse | None:
    """The SAM that must have proposed, in any number format: the selector learns from all.

    None where there is none; that is told with the other parts of the model.
    """
    try:
        return sam_of(recipe.model)
    except FileNotFoundError:
        return None
