"""Scores of a pipeline on rendered scenes, with the bounds that its proposals set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from llmseg_core import LLMSegPipeline
from llmseg_core.metrics import MaskIoUMetric
from llmseg_core.overlap import pairwise_iou
from llmseg_core.types import FrameEncoding, Segmentation

from .questions import CATEGORIES, QuestionSample, generate_samples
from .scenes import Scene, SceneFolder

__all__ = ["Answer", "SceneAnswers", "ask_scenes", "score"]

NO_TARGET = "no target"


@dataclass(frozen=True)
class Answer:
    """One question, what the model answered and what would have been right.

    Attributes:
        question: the instruction with its targets.
        segmentation: the model's answer.
        target: (H, W) bool, what is meant; empty if nothing fits.
        proposal_iou: (K,) float32, IoU of each proposal with the target.
    """

    question: QuestionSample
    segmentation: Segmentation
    target: np.ndarray
    proposal_iou: Tensor

    @property
    def has_target(self) -> bool:
        """Whether anything in the scene fits."""
        return bool(self.question.target_ids)


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
    iou = pairwise_iou(masks, torch.from_numpy(targets))
    best = pairwise_iou(masks, torch.from_numpy(instances))
    return SceneAnswers(
        frame=frame,
        best_iou=best.amax(0) if len(masks) else torch.zeros(len(instances)),
        answers=tuple(
            Answer(question, answer, target, iou[:, row])
            for row, (question, answer, target) in enumerate(
                zip(asked, answers, targets, strict=True)
            )
        ),
    )


def _stack(masks: Sequence[np.ndarray], scene: Scene) -> np.ndarray:
    """(N, H, W) bool, also of no masks."""
    return np.array(masks, dtype=bool).reshape(-1, *scene.instances.shape)


def score(answers: Sequence[Answer]) -> dict[str, float]:
    """Scores of a set of answers, with oracle and chance.

    Args:
        answers: at least one.

    Returns:
        count; giou, ciou, nciou over all answers (an empty mask where nothing fits counts 1, any
        other mask there 0); oracle_giou, the best single proposal an answer; random_giou, what a
        proposal drawn at random gives on average; no_target_accuracy, the share of questions
        without a target that were answered by nothing, and target_recall, the share of the others
        that were answered by something. A share of no questions is NaN.
    """
    metric = MaskIoUMetric(256)
    oracle: list[float] = []
    chance: list[float] = []
    refused: list[bool] = []
    answered: list[bool] = []
    for answer in answers:
        metric.update(answer.segmentation.mask, answer.target)
        some = answer.has_target and len(answer.proposal_iou) > 0
        oracle.append(float(answer.proposal_iou.max()) if some else float(not answer.has_target))
        chance.append(float(answer.proposal_iou.mean()) if some else 0.0)
        (answered if answer.has_target else refused).append(
            answer.segmentation.found == answer.has_target
        )
    return {
        "count": len(answers),
        **metric.compute(),
        "oracle_giou": float(np.mean(oracle)),
        "random_giou": float(np.mean(chance)),
        "no_target_accuracy": float(np.mean(refused)) if refused else float("nan"),
        "target_recall": float(np.mean(answered)) if answered else float("nan"),
    }
