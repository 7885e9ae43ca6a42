# SPDX-License-Identifier: Apache-2.0
"""Annotated images as training samples: questions in words, targets of every proposal."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from llmseg_core.embeddings.mask_embedder import normalized_boxes
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.vlm.prompts import ANSWERS, CLASS_QUESTIONS, QUESTIONS
from llmseg_core.vlm.vlm_image import VlmPixels

from ..data import DataGroup, DataQuestion, DataSample, QuestionKind
from ..data.draws import SampleDraws
from ..learning.batch import ProposalSample
from ..learning.targets import proposal_targets
from ..trainer.drawn_dataset import DrawnDataset
from .released import OUR_TRAINING, ReleasedSwitches

__all__ = ["AdapterDataset", "InputSizes", "announced_draw", "spoken_question"]


@dataclass(frozen=True)
class InputSizes:
    """What must be known of the networks to prepare their inputs.

    Attributes:
        feature_size: (h, w) of the image encoder's feature map.
        pooling_size: cells a side of the square on which mask and features meet.
        vlm: how the VLM's images are made.
    """

    feature_size: tuple[int, int]
    pooling_size: int
    vlm: VlmPixels


def spoken_question(
    question: DataQuestion, rng: np.random.Generator, lower_case: bool = False, bare: bool = False
) -> str:
    """A question as the VLM is asked in training: one of the templates of its kind.

    Whole sentences get a request for a mask after them; phrases and names of classes a sentence
    around them.

    Args:
        question: of a data set; if it has another wording, that one is taken half of the time.
        rng: decides wording and template.
        lower_case: whether phrases and names of classes lose their capitals.
        bare: whether the text goes without a template, as it is.
    """
    text, whole = question.text, question.kind is QuestionKind.INSTRUCTION
    if question.other_text and rng.random() < 0.5:
        text = question.other_text
    if lower_case and not whole:
        text = text.lower()
    if bare:
        return text
    if whole:
        template = QUESTIONS[rng.integers(len(QUESTIONS))]
        return template.format(instruction=text.strip())
    template = CLASS_QUESTIONS[rng.integers(len(CLASS_QUESTIONS))]
    return template.format(name=text.strip())


def announced_draw(draws: SampleDraws, rng: np.random.Generator) -> DataSample:
    """One sample; broken ones that were left out for it are named once."""
    known = set(draws.broken)
    sample = draws.draw(rng)
    for name in draws.broken.keys() - known:
        tqdm.write(f"left out: {draws.broken[name]}", file=sys.stderr)
    return sample


class AdapterDataset(DrawnDataset[ProposalSample]):
    """As many samples as the whole training takes, each drawn anew from the data.

    Args:
        draws: draws images with some of their questions.
        proposals: of these images, stored or live.
        sizes: of the networks' inputs.
        length: samples in the whole training.
        seed: of all draws.
        bare_questions: whether the VLM is asked a question's own text; otherwise one of the
            templates of its kind is drawn.
        released: what is done as the released training does it.
    """

    def __init__(
        self,
        draws: SampleDraws,
        proposals: ProposalGenerator,
        sizes: InputSizes,
        length: int,
        seed: int = 0,
        bare_questions: bool = False,
        released: ReleasedSwitches = OUR_TRAINING,
    ) -> None:
        super().__init__(seed)
        self.draws, self.proposals, self.sizes = draws, proposals, sizes
        self.length, self.bare_questions, self.released = length, bare_questions, released

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> ProposalSample:
        rng = self.rng(index)
        sample = announced_draw(self.draws, rng)
        proposals = self.proposals(sample.image).to("cpu")
        sizes, masks, released = self.sizes, proposals.masks, self.released
        seen = sizes.vlm.see(sample.image)
        targets = [
            proposal_targets(
                masks, each.mask, None if released.ignored_as_background else each.ignore
            )
            for each in sample.questions
        ]
        antialias = not released.plain_shrinking or sample.group is DataGroup.REASONING
        return ProposalSample(
            image=sample.image,
            weights=proposal_weights(masks, sizes.feature_size, sizes.pooling_size, antialias),
            boxes_rel=normalized_boxes(proposals.boxes_px, proposals.image_size),
            pixel_values=seen.pixels,
            grid=seen.grid,
            target_iou=torch.stack([iou for iou, _ in targets]),
            target_iop=torch.stack([iop for _, iop in targets]),
            questions=tuple(
                spoken_question(each, rng, released.lower_case, self.bare_questions)
                for each in sample.questions
            ),
            answers=tuple(ANSWERS[rng.integers(len(ANSWERS))] for _ in sample.questions),
        )
