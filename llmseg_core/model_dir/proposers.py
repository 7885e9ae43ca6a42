# SPDX-License-Identifier: Apache-2.0
"""What proposes masks: SAM, SAM-HQ or SAM 2, as a folder's `config.json` says."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from transformers import Sam2Model, SamHQModel, SamModel

from llmseg_core.config import ProposalConfig
from llmseg_core.prompted.everything_mode import EverythingMode
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.sam2 import Sam2Masks
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.refined_sam import RefinedSamModel

from .network_files import part_kind

__all__ = ["SEGMENTERS", "Proposer", "build_proposals", "promptable", "proposer_class"]

Proposer: TypeAlias = SamModel | SamHQModel | Sam2Model
"""Networks whose everything mode proposes."""
SEGMENTERS: dict[str, type[Proposer]] = {
    "sam": SamModel,
    "refined_sam": RefinedSamModel,
    "sam_hq": SamHQModel,
    "sam2": Sam2Model,
    "sam2_video": Sam2Model,  # as SAM 2's weights are published: what is for videos is left out
}
"""Promptable segmenters by the `model_type` of their folder."""


def proposer_class(place: str) -> type[Proposer]:
    """The network that proposes.

    Args:
        place: folder, whose `config.json` says which SAM it holds, or SAM's file as published.

    Raises:
        ValueError: if the folder holds no SAM.
    """
    if Path(place).is_file():
        return SamModel
    return SEGMENTERS[part_kind(place, SEGMENTERS, "sam")]


def build_proposals(
    sam: Proposer,
    config: ProposalConfig,
    memory_budget_mb: int | None = None,
    compiled: bool = False,
) -> SamProposalGenerator | EverythingMode:
    """Everything mode of a network.

    Args:
        sam: where it shall run.
        config: grid, thresholds and limits.
        memory_budget_mb: of SAM's own generator; the others have none.
        compiled: whether SAM is compiled; the others never are.

    Raises:
        ValueError: if the budget is too small, or the configuration asks for what only SAM can do.
    """
    if isinstance(sam, SamModel):
        return SamProposalGenerator(sam, config, memory_budget_mb, compiled)
    return EverythingMode(promptable(sam), config)


def promptable(sam: Proposer, best_of_three: bool = True) -> SamMasks | Sam2Masks:
    """Masks of boxes and points by a network; its arguments are those of `SamMasks`."""
    if isinstance(sam, Sam2Model):
        return Sam2Masks(sam, best_of_three)
    return SamMasks(sam, best_of_three)
