# SPDX-License-Identifier: Apache-2.0
"""Fits how the rule `expected_iou` tells the IoU of an answer, on questions not trained on."""

from __future__ import annotations

import numpy as np

from llmseg_core.config import ExpectedIoU
from llmseg_core.selector.expected_iou import answer_values, mask_cells, possible_answers

from ..data import DataSample
from ..evaluate import AnswerSource, ProposalAtoms, SampleAnswers
from .standardised import Loss, fit_standardised

__all__ = ["RuleFit", "fit_weights"]

RIDGE = 1e-5
"""of the squared weights, so that values that never change weigh nothing"""


class RuleFit:
    """Answers of a model, which on their way show what possible answers were worth.

    Args:
        source: the model's answers, with proposals and scores.
    """

    def __init__(self, source: AnswerSource) -> None:
        self.source = source
        self._values: list[np.ndarray] = []
        self._ious: list[np.ndarray] = []

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`; the proposals are left out, whose measuring takes longest.

        Raises:
            ValueError: if the method has no proposals.
        """
        answers = self.source.answer(sample)
        proposals = answers.proposals
        if proposals is None:
            raise ValueError("the rule expected_iou judges unions of proposals, and here are none")
        if len(proposals.masks):
            cells, atoms = mask_cells(proposals.masks), ProposalAtoms(proposals.full_masks)
            for row, question in enumerate(sample.questions):
                scores = proposals.scores[row]
                possible = possible_answers(scores)
                taken = np.zeros((len(possible), len(cells)), dtype=bool)
                for each, indices in zip(taken, possible, strict=True):
                    each[list(indices)] = True
                self._values.append(answer_values(scores, cells, possible).numpy())
                self._ious.append(atoms.count(question.mask, question.ignore).iou(taken))
        return SampleAnswers(answers.predictions)

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()

    def weights(self) -> ExpectedIoU:
        """What fits all answers that were seen.

        Raises:
            ValueError: if there were none.
        """
        if not self._values:
            raise ValueError("nothing was proposed in any image, there is nothing to fit")
        return fit_weights(np.concatenate(self._values), np.concatenate(self._ious))


def fit_weights(values: np.ndarray, ious: np.ndarray) -> ExpectedIoU:
    """The weights of the least squared error.

    Args:
        values: (N, 8) float64, see `answer_values`.
        ious: (N,) float64 in [0, 1], the true ones.
    """

    def loss_of(columns: np.ndarray) -> Loss:
        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            expected = 1 / (1 + np.exp(-np.clip(columns @ weights, -50, 50)))
            wrong = expected - ious
            slope = columns.T @ (2 * wrong * expected * (1 - expected)) / len(ious)
            return float((wrong**2).mean() + RIDGE * weights @ weights), slope + 2 * RIDGE * weights

        return loss

    return ExpectedIoU(*fit_standardised(values, loss_of))
