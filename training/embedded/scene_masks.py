# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes as training samples of a LISA: the questions that a mask selector is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from llmseg_core.prompted.masks import PromptedImage
from llmseg_core.prompted.sam import SamMasks

from ..learning.lisa_losses import MaskLossWeights
from ..lisa.batch import MaskSample, collate_masks
from ..lisa.objective import LisaModel, LisaObjective
from ..questions import CATEGORIES
from ..scenes import SceneFolder
from ..trainer.drawn_dataset import DrawnDataset
from ..trainer.loop import TrainingLoop
from ..trainer.recipe import training_plan
from .selection_data import QuestionDraw
from .train_selection import SelectionRecipe

__all__ = ["KnownImages", "SceneMaskDataset", "train_scene_masks"]


class KnownImages:
    """A frozen SAM that encodes every image once, for trainings that see few images often.

    Args:
        segmenter: encodes.
    """

    def __init__(self, segmenter: SamMasks) -> None:
        self.segmenter = segmenter
        self.input_size = segmenter.input_size
        self._known: dict[bytes, PromptedImage] = {}

    def encode(self, image: np.ndarray) -> PromptedImage:
        """As the segmenter does."""
        key = hashlib.blake2b(image.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self.segmenter.encode(image)
        return self._known[key]


class SceneMaskDataset(DrawnDataset[MaskSample]):
    """Scenes with questions drawn anew at every pass, the same as `SelectionDataset` draws.

    Args:
        scenes: rendered scenes.
        model: says how images meet its VLM.
        draw: which questions are asked.
        seed: of the draws.
    """

    def __init__(
        self, scenes: SceneFolder, model: LisaModel, draw: QuestionDraw, seed: int
    ) -> None:
        super().__init__(seed)
        self.scenes, self.draw, self.encoder = scenes, draw, model.seg_token_encoder

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> MaskSample:
        scene = self.scenes[index]
        samples, answers = self.draw.of(scene.objects, self.rng(index))
        masks = [np.isin(scene.instances, sample.target_ids) for sample in samples]
        shape = (len(samples), *scene.image.shape[:2])
        return MaskSample(
            image=scene.image,
            pixel_values=self.encoder.pixel_values(scene.image).float().cpu(),
            masks=np.array(masks, dtype=bool).reshape(shape),
            ignored=np.zeros(shape, dtype=bool),
            questions=tuple(sample.instruction for sample in samples),
            answers=tuple(answers),
        )


def train_scene_masks(
    model: LisaModel,
    segmenter: SamMasks,
    scenes: SceneFolder,
    folder: Path,
    recipe: SelectionRecipe,
    weights: MaskLossWeights,
    seed: int,
    words: str,
    categories: Sequence[str] = CATEGORIES,
) -> None:
    """Train a LISA in place; goes on from the last checkpoint in `folder`.

    Args:
        model: VLM and decoder.
        segmenter: the frozen SAM.
        scenes: training scenes.
        folder: gets checkpoints and logs.
        recipe: sizes, rates, and the weight of the language model's loss.
        weights: of the other losses.
        seed: of order, questions and answers.
        words: split whose wordings are used.
        categories: what scenes can have.
    """
    torch.manual_seed(seed)
    loop = TrainingLoop(
        LisaObjective(
            model, KnownImages(segmenter), recipe.language_weight, weights, recipe.vlm_from
        ),
        SceneMaskDataset(scenes, model, recipe.draw(words, categories), seed),
        collate_masks,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    model.eval()
