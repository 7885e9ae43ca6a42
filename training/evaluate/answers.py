# SPDX-License-Identifier: Apache-2.0
"""What a method answers about one image, and what can be asked for answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from llmseg_core.config import Calibration, SelectionConfig
from llmseg_core.proposals.enlarge import enlarge_mask, enlarge_masks
from llmseg_core.selector.selection import select, union_mask
from llmseg_core.types import ProposalScores, Segmentation

from ..data import DataSample

__all__ = [
    "AnswerSource",
    "MaskAnswer",
    "Prediction",
    "SampleAnswers",
    "ScoredProposals",
    "ScoringMethod",
    "Segmenter",
]


class MaskAnswer(Protocol):
    """What is said to one instruction; `llmseg_core`'s `Segmentation` is one."""

    @property
    def mask(self) -> np.ndarray:
        """(H, W) bool; empty if nothing was found."""

    @property
    def confidence(self) -> float | None:
        """How sure the method is, [0, 1]; None if it does not say."""

    @property
    def reason(self) -> str:
        """Why nothing was found, for people; "" if something was."""


class Segmenter(Protocol):
    """What evaluation needs of a `Method` of `llmseg_core`."""

    def encode_frame(self, image: np.ndarray) -> Any:
        """Look at an image, (H, W, 3) uint8 RGB."""

    def segment_batch(self, frame: Any, instructions: Sequence[str]) -> Sequence[MaskAnswer]:
        """Answer instructions about what `encode_frame` gave, in their order."""


class ScoringMethod(Protocol):
    """What evaluation needs of a `Method` whose rule selects among candidates."""

    @property
    def selection(self) -> SelectionConfig:
        """Its rule and thresholds."""

    @property
    def calibration(self) -> Calibration | None:
        """Of its confidences."""

    def encode_frame(self, image: np.ndarray) -> Any:
        """Look at an image, (H, W, 3) uint8 RGB."""

    def segment_batch(self, frame: Any, instructions: Sequence[str]) -> Sequence[Segmentation]:
        """Answer instructions about what `encode_frame` gave, in their order."""


@dataclass(frozen=True)
class Prediction:
    """One answer, as it is scored.

    Attributes:
        mask: (H, W) bool; empty if nothing was found.
        confidence: [0, 1], or None.
        reason: why nothing was found, for people; "" if something was, or nobody says.
        presence: the chance that anything fits, [0, 1]; None if the method does not tell it.
    """

    mask: np.ndarray
    confidence: float | None = None
    reason: str = ""
    presence: float | None = None

    @property
    def found(self) -> bool:
        """Whether the mask has any pixel."""
        return bool(self.mask.any())


@dataclass(frozen=True)
class ScoredProposals:
    """What LLM-Seg's networks give for one image; selection rules need nothing else.

    Attributes:
        masks: (K, h, w) bool, the proposals at the size at which they were proposed.
        scores: (R, K) of every question about the image.
        image_size: (H, W) of the image in pixels.
        calibration: of the model; None leaves confidences as they are.
    """

    masks: Tensor
    scores: ProposalScores
    image_size: tuple[int, int]
    calibration: Calibration | None = None

    @property
    def full_masks(self) -> np.ndarray:
        """(K, H, W) bool, the proposals in pixels of the image, each enlarged by itself.

        Of an image that was shrunk, their union may lack a few pixels at seams that `predict`,
        which enlarges the union as the model does, fills.
        """
        return enlarge_masks(self.masks, self.image_size).numpy()

    def predict(self, config: SelectionConfig) -> tuple[Prediction, ...]:
        """The R answers by a selection rule."""
        chosen = [
            select(self.scores[row], self.masks, config, self.calibration)
            for row in range(len(self.scores.iop))
        ]
        return tuple(
            Prediction(
                enlarge_mask(union_mask(self.masks, each).cpu().numpy(), self.image_size),
                each.confidence,
                each.reason,
                each.presence,
            )
            for each in chosen
        )

    def taken(self, question: int, settings: Sequence[SelectionConfig]) -> np.ndarray:
        """(S, K) bool: the proposals that each of S settings takes for one question."""
        taken = np.zeros((len(settings), len(self.masks)), dtype=bool)
        for row, config in enumerate(settings):
            chosen = select(self.scores[question], self.masks, config, self.calibration)
            taken[row, list(chosen.indices)] = True
        return taken

    def check(self, sample: str) -> None:
        """Refuse scores that are no numbers.

        Raises:
            ValueError: naming the sample and the question, counted from 0.
        """
        for name in ("iou_score", "iop"):
            scores = getattr(self.scores, name)
            for question, proposal in (~scores.isfinite()).nonzero().tolist():
                raise ValueError(
                    f"sample {sample}, question {question}: the {name} of proposal {proposal} is "
                    f"{scores[question, proposal].item()}, it must be a finite number"
                )


@dataclass(frozen=True)
class SampleAnswers:
    """The answers to all questions about one image.

    Attributes:
        predictions: one a question, in the sample's order.
        proposals: what they were selected from; None for methods without proposals.
    """

    predictions: tuple[Prediction, ...]
    proposals: ScoredProposals | None = None

    def check(self, sample: str) -> None:
        """Refuse scores and confidences that are no numbers.

        Raises:
            ValueError: naming the sample and the question, counted from 0.
        """
        if self.proposals is not None:
            self.proposals.check(sample)
        for question, prediction in enumerate(self.predictions):
            confidence = prediction.confidence
            if confidence is not None and not 0 <= confidence <= 1:
                raise ValueError(
                    f"sample {sample}, question {question}: the confidence is {confidence}, it "
                    f"must be in [0, 1]"
                )


class AnswerSource(Protocol):
    """Where answers come from: a model, a file of an earlier run, another system's masks."""

    def answer(self, sample: DataSample) -> SampleAnswers:
        """The answers to a sample's questions."""

    def finish(self) -> None:
        """Called when every sample was answered.

        Raises:
            ValueError: if something was wrong with the answers that makes scores worthless.
        """
