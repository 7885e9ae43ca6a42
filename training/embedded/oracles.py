# SPDX-License-Identifier: Apache-2.0
"""Where a model loses its score on rendered scenes: parts of it are replaced by the truth.

What a truth adds is what its part costs: true masks in place of proposals, the best rule for every
question in place of the model's own, the wordings of training in place of unseen ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from llmseg_core.config import SelectionConfig
from llmseg_core.masks import mask_areas
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.metrics.overlap import intersections, iou_of_areas
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.types import Proposals

from ..data import DataSample, SceneData
from ..evaluate import PipelineAnswers
from ..evaluate.answers import SampleAnswers
from ..evaluate.atoms import ProposalAtoms
from ..evaluate.judge import judge
from .tuning import candidates

__all__ = [
    "ORACLES",
    "SIZES",
    "OracleScores",
    "QuestionOracles",
    "SeenProposals",
    "measure_oracles",
]

AS_IT_IS = "as it is"
BEST_RULE = "best rule"
BEST_PROPOSAL = "best proposal"
BEST_UNION = "best union"
TRUE_MASKS = "true masks"
TRUE_MASKS_BEST_RULE = "true masks, best rule"
ORACLES = {
    AS_IT_IS: "the model",
    BEST_RULE: "of all rules and thresholds the best for each question",
    BEST_PROPOSAL: "the best single proposal of each question",
    BEST_UNION: "the best union of proposals",
    TRUE_MASKS: "proposals are the true masks of everything, the rest is the model",
    TRUE_MASKS_BEST_RULE: "both: what is left is lost by features, words and relations",
}
"""What is replaced by the truth, and what that says."""

SIZES = (0.0, 0.0025, 0.005, 0.01, 0.03, 1.0)
"""Ends of the groups of objects by their share of the image."""


@dataclass(frozen=True)
class QuestionOracles:
    """One question's IoU with each part replaced.

    Attributes:
        kind: what one must understand: "category", "relation", ...
        targets: how many objects are meant; 0 where nothing fits.
        phrasing: "seen" or "unseen".
        found: whether the model answered anything.
        iou: by a key of `ORACLES`, [0, 1].
    """

    kind: str
    targets: int
    phrasing: str
    found: bool
    iou: dict[str, float]


@dataclass(frozen=True)
class SeenProposals:
    """The proposals of one image beside what is in it.

    Attributes:
        shares: (N,) float64, each object's share of the image.
        best: (N,) float64, IoU of the best proposal of each object.
        predicted: (K,) float64, what SAM says of each proposal that lies on an object.
        true: (K,) float64, the IoU with the object that most of the proposal lies on.
    """

    shares: np.ndarray
    best: np.ndarray
    predicted: np.ndarray
    true: np.ndarray


@dataclass
class OracleScores:
    """What was found on all images."""

    questions: list[QuestionOracles] = field(default_factory=list)
    seen: list[SeenProposals] = field(default_factory=list)

    def table(self, phrasing: str) -> dict[str, dict[str, float]]:
        """GIoU of each of `ORACLES` by group of questions, and the share that is answered.

        Args:
            phrasing: "seen" or "unseen".

        Returns:
            By the name of the group ("all", kinds, "several targets", "no target"): "count",
            "answered", and the mean IoU of each oracle.
        """
        groups: dict[str, list[QuestionOracles]] = defaultdict(list)
        for question in self.questions:
            if question.phrasing != phrasing:
                continue
            groups["all"].append(question)
            if question.targets:
                groups["with a target"].append(question)
                groups[question.kind].append(question)
            if question.targets > 1:
                groups["several targets"].append(question)
            if not question.targets:
                groups["no target"].append(question)
        order = sorted(groups, key=lambda name: (name != "all", name != "with a target"))
        return {
            name: {
                "count": len(groups[name]),
                "answered": float(np.mean([each.found for each in groups[name]])),
                **{
                    oracle: float(np.mean([each.iou[oracle] for each in groups[name]]))
                    for oracle in ORACLES
                },
            }
            for name in order
        }

    def sizes(self) -> list[dict[str, float]]:
        """Best proposals by the size of objects: "from", "to" (shares), "count", "best"."""
        shares = np.concatenate([each.shares for each in self.seen])
        best = np.concatenate([each.best for each in self.seen])
        rows = []
        for low, high in pairwise(SIZES):
            some = best[(shares >= low) & (shares < high)]
            mean = float(some.mean()) if len(some) else float("nan")
            rows.append({"from": low, "to": high, "count": len(some), "best": mean})
        return rows

    def ranking(self) -> dict[str, float]:
        """How well predicted IoU ranks: "correlation" with the true one, and both means."""
        predicted = np.concatenate([each.predicted for each in self.seen])
        true = np.concatenate([each.true for each in self.seen])
        know = len(true) > 1 and predicted.std() > 0 and true.std() > 0
        return {
            "proposals": len(true),
            "correlation": float(np.corrcoef(predicted, true)[0, 1]) if know else float("nan"),
            "predicted": float(predicted.mean()) if len(true) else float("nan"),
            "true": float(true.mean()) if len(true) else float("nan"),
        }


class _GivenProposals:
    """Given masks in place of a generator's, whose proposals are kept; None lets it propose."""

    def __init__(self, generator: ProposalGenerator) -> None:
        self.generator = generator
        self.masks: Tensor | None = None
        self.last: Proposals | None = None

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`."""
        if self.masks is not None:
            return Proposals.from_masks(self.masks).largest(len(self.masks))
        self.last = self.generator(image)
        return self.last


def measure_oracles(
    pipeline: LLMSegPipeline, scenes: SceneData, indices: Sequence[int]
) -> OracleScores:
    """Ask every question about some scenes, once with each part replaced.

    Args:
        pipeline: the model; it is as before afterwards.
        scenes: with their questions; best of the validation split, from which one may learn what
            to change.
        indices: which scenes.

    Raises:
        ValueError: if there is nothing to ask.
    """
    if not indices:
        raise ValueError("the scenes hold nothing to ask about, there must be a question")
    found, own = OracleScores(), pipeline.generator
    given = _GivenProposals(own)
    # the model's own rule, too
    settings = [pipeline.selection, *candidates(pipeline.selection.expected_iou)]
    pipeline.generator = given
    try:
        source = PipelineAnswers(pipeline)
        for index in tqdm(indices, unit="scene", disable=None):
            sample = scenes[index]
            instances = torch.from_numpy(scenes.scenes.instances(index))
            given.masks = None
            proposed = source.answer(sample)
            assert given.last is not None
            found.seen.append(_seen(given.last, sample))
            # all that a perfect generator would propose: table and room too
            ids = instances.unique()
            given.masks = (instances == ids[:, None, None]).to(given.last.masks.device)
            true = source.answer(sample)
            found.questions += _questions(sample, proposed, true, settings)
    finally:
        pipeline.generator = own
    return found


def _questions(
    sample: DataSample,
    proposed: SampleAnswers,
    true: SampleAnswers,
    settings: Sequence[SelectionConfig],
) -> Iterable[QuestionOracles]:
    """Every question about one image; the best rule is the best of `settings` for each."""
    judged = judge(sample, proposed).questions, judge(sample, true).questions
    best = _best_rules(sample, proposed, settings), _best_rules(sample, true, settings)
    for row, (case, truth) in enumerate(
        zip((each.case for each in judged[0]), (each.case for each in judged[1]), strict=True)
    ):
        assert case.bounds is not None
        yield QuestionOracles(
            case.category,
            case.targets or 0,
            case.phrasing,
            case.found,
            {
                AS_IT_IS: case.iou,
                BEST_RULE: float(best[0][row]),
                BEST_PROPOSAL: case.bounds.best,
                BEST_UNION: case.bounds.union,
                TRUE_MASKS: truth.iou,
                TRUE_MASKS_BEST_RULE: float(best[1][row]),
            },
        )


def _best_rules(
    sample: DataSample, answers: SampleAnswers, settings: Sequence[SelectionConfig]
) -> list[float]:
    """For each question the IoU of the best setting."""
    proposals = answers.proposals
    assert proposals is not None
    atoms = ProposalAtoms(proposals.full_masks)
    return [
        float(atoms.count(question.mask).iou(proposals.taken(row, settings)).max())
        for row, question in enumerate(sample.questions)
    ]


def _seen(proposals: Proposals, sample: DataSample) -> SeenProposals:
    masks = proposals.masks.cpu()
    objects = torch.from_numpy(np.stack(sample.objects or ()))
    shared, areas = intersections(masks, objects), mask_areas(masks)
    overlap = iou_of_areas(shared, areas[:, None], mask_areas(objects)[None])
    most, which = shared.max(1)
    on_object = (most > areas / 2).numpy()
    true = overlap.gather(1, which[:, None])[:, 0]
    best = overlap.amax(0) if len(masks) else torch.zeros(len(objects))
    return SeenProposals(
        shares=objects.flatten(1).double().mean(1).numpy(),
        best=best.double().numpy(),
        predicted=proposals.predicted_iou.cpu().double().numpy()[on_object],
        true=true.double().numpy()[on_object],
    )
