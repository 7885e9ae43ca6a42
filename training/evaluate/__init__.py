# SPDX-License-Identifier: Apache-2.0
"""Scores of any method on any data set, beside the paper's."""

from .answers import (
    AnswerSource,
    MaskAnswer,
    Prediction,
    SampleAnswers,
    ScoredProposals,
    Segmenter,
)
from .atoms import AtomCounts, Bounds, ProposalAtoms
from .bootstrap import bootstrap_intervals
from .breakdown import breakdowns
from .case import Case
from .evaluation import Evaluation, evaluate
from .judge import judge
from .model_answers import PipelineAnswers, SegmenterAnswers
from .scores import proposal_miou, score_cases
from .sweep import Sweep, SweepRow, paper_rules, sweep_settings

__all__ = [
    "AnswerSource",
    "AtomCounts",
    "Bounds",
    "Case",
    "Evaluation",
    "MaskAnswer",
    "PipelineAnswers",
    "Prediction",
    "ProposalAtoms",
    "SampleAnswers",
    "ScoredProposals",
    "Segmenter",
    "SegmenterAnswers",
    "Sweep",
    "SweepRow",
    "bootstrap_intervals",
    "breakdowns",
    "evaluate",
    "judge",
    "paper_rules",
    "proposal_miou",
    "score_cases",
    "sweep_settings",
]
