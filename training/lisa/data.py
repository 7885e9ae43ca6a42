# SPDX-License-Identifier: Apache-2.0
"""Annotated images as training samples of LISA."""

from __future__ import annotations

import numpy as np

from llmseg_core.vlm.prompts import ANSWERS
from llmseg_core.vlm.vlm_image import VlmPixels

from ..adapter.data import announced_draw, spoken_question
from ..adapter.released import OUR_TRAINING, ReleasedSwitches
from ..data.draws import SampleDraws
from ..trainer.drawn_dataset import DrawnDataset
from .batch import MaskSample

__all__ = ["LisaDataset"]


class LisaDataset(DrawnDataset[MaskSample]):
    """As many samples as the whole training takes, each drawn anew from the data.

    Args:
        draws: draws images with some of their questions.
        pixels: how the VLM's images are made.
        length: samples in the whole training.
        seed: of all draws.
        bare_questions: whether the VLM is asked a question's own text; otherwise one of the
            templates of its kind is drawn.
        released: what is done as the released training does it.
    """

    def __init__(
        self,
        draws: SampleDraws,
        pixels: VlmPixels,
        length: int,
        seed: int = 0,
        bare_questions: bool = False,
        released: ReleasedSwitches = OUR_TRAINING,
    ) -> None:
        super().__init__(seed)
        self.draws, self.pixels = draws, pixels
        self.length, self.bare_questions, self.released = length, bare_questions, released

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> MaskSample:
        rng = self.rng(index)
        sample, released = announced_draw(self.draws, rng), self.released
        seen = self.pixels.see(sample.image)
        nothing = np.zeros(sample.image.shape[:2], dtype=bool)
        ignored = [
            nothing if each.ignore is None or released.ignored_as_background else each.ignore
            for each in sample.questions
        ]
        return MaskSample(
            image=sample.image,
            pixel_values=seen.pixels,
            grid=seen.grid,
            masks=np.stack([each.mask for each in sample.questions]).astype(bool),
            ignored=np.stack(ignored).astype(bool),
            questions=tuple(
                spoken_question(each, rng, released.lower_case, self.bare_questions)
                for each in sample.questions
            ),
            answers=tuple(ANSWERS[rng.integers(len(ANSWERS))] for _ in sample.questions),
        )
