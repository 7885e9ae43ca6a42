# SPDX-License-Identifier: Apache-2.0
"""Scores of a pipeline on rendered scenes, with the bounds that its proposals set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.types import FrameEncoding, Segmentation

from ..questions import CATEGORIES, QuestionSample, generate_samples
from ..scenes import Scene, SceneFolder
from . import Bounds, Case, ProposalAtoms, score_cases

__all__ = ["Answer", "SceneAnswers", "ask_scenes", "score"]

NCIOU_SIZE = 256
"""pixels a side; scenes are small, and all of one size"""


@dataclass(frozen=True)
class Answer:
    """One question, what the model answered and what would have been right.

    Attributes:
        question: the instruction with its targets.
        segmentation: the model's answer.
        target: (H, W) bool, what is meant; empty if nothing fits.
        bounds: of the scene's proposals.
    """

    question: QuestionSample
    segmentation: Segmentation
    target: np.ndarray
    bounds: Bounds

    @property
    def has_target(self) -> bool:
        """Whether anything in the scene fits."""
        return bool(self.question.target_ids)

    def case(self, scene: str = "") -> Case:
        """The answer as evaluation judges it."""
        return Case(
            sample=scene,
            question=0,
            text=self.question.instruction,
            kind=self.question.kind,
            category=self.question.concept,
            has_target=self.has_target,
            found=self.segmentation.found,
            counts=MaskCounts.of(self.segmentation.mask, self.target, size=NCIOU_SIZE),
            confidence=self.segmentation.confidence,
            bounds=self.bounds,
        )


@dataclass(frozen=True)
class SceneAnswers:
    """All answers about one scene.

    Attributes:
        frame: the encoded image.
        best_iou: (N,) float32, for each object the IoU of the best proposal.
        answers: to every question.
    """

    frame: FrameEncoding
    best_iou: Tensor
    answers: tuple[Answer, ...]


def ask_scenes(
    pipeline: LLMSegPipeline,
    scenes: SceneFolder,
    count: int,
    split: str,
    phrasings: Sequence[str],
    questions: int,
    seed: int,
    categories: Sequence[str] = CATEGORIES,
) -> Iterator[SceneAnswers]:
    """Ask about the first `count` scenes.

    Args:
        pipeline: the model.
        scenes: of the split.
        count: scenes.
        split: name of the scenes' split.
        phrasings: splits whose wordings are used, one round of questions each.
        questions: most questions a scene and round.
        seed: of the questions.
        categories: what the scenes can have.
    """
    for index in tqdm(range(min(count, len(scenes))), desc=f"{split} scenes"):
        scene = scenes[index]
        asked = [
            question
            for round_, phrasing in enumerate(phrasings)
            for question in generate_samples(
                scene.objects,
                np.random.default_rng((seed, index, round_)),
                split,
                questions,
                phrasing,
                categories,
            )
        ]
        frame = pipeline.encode_frame(scene.image)
        instructions = [question.instruction for question in asked]
        answers = pipeline.segment_batch(frame, instructions) if asked else []
        yield _judge(scene, frame, asked, answers)


def _judge(
    scene: Scene,
    frame: FrameEncoding,
    asked: Sequence[QuestionSample],
    answers: Sequence[Segmentation],
) -> SceneAnswers:
    masks = frame.proposals.masks.cpu()
    targets = _stack([np.isin(scene.instances, question.target_ids) for question in asked], scene)
    instances = _stack([scene.instances == item.id for item in scene.objects], scene)
    atoms = ProposalAtoms(masks.numpy())
    best = pairwise_iou(masks, torch.from_numpy(instances))
    return SceneAnswers(
        frame=frame,
        best_iou=best.amax(0) if len(masks) else torch.zeros(len(instances)),
        answers=tuple(
            Answer(question, answer, target, atoms.count(target).bounds())
            for question, answer, target in zip(asked, answers, targets, strict=True)
        ),
    )


def _stack(masks: Sequence[np.ndarray], scene: Scene) -> np.ndarray:
    """(N, H, W) bool, also of no masks."""
    return np.array(masks, dtype=bool).reshape(-1, *scene.instances.shape)


def score(answers: Sequence[Answer]) -> dict[str, float]:
    """Scores of a set of answers, with oracle and chance: see `evaluate.score_cases`.

    Args:
        answers: at least one.
    """
    return score_cases([answer.case() for answer in answers])
