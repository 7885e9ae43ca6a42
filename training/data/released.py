# SPDX-License-Identifier: Apache-2.0
"""Where the released training code reads data sets otherwise than this package does."""

from __future__ import annotations

from dataclasses import dataclass

from llmseg_core.config.settings import Settings

__all__ = ["OUR_READING", "ReleasedReading"]


@dataclass(frozen=True)
class ReleasedReading(Settings):
    """Each switch by itself; without any, data sets are read as their docstrings say."""

    single_instances: bool = False
    """PACO-LVIS and PASCAL-Part ask about one instance a question, not about all of a category at
    once, and as often about "the X of the Y" as about the "Y X"; names keep their underscores"""
    single_questions: bool = False
    """LLM-Seg40K has a sample for every question, not one for every image, so that each question is
    drawn equally often"""
    all_labels: bool = False
    """Mapillary Vistas asks about labels that its config does not evaluate, too"""
    resized_masks: bool = False
    """a mask of another size than its image is resized to it (nearest pixel) instead of refused"""


OUR_READING = ReleasedReading()
"""No switch: as the readers' docstrings say."""
