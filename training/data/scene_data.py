# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes with drawn instructions, as a data set like any other.

DIR/test/images/000000.png, instances/000000.png, scenes.jsonl      of llmseg_training.scenes
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path

import numpy as np

from ..questions import QuestionSample, generate_samples, knowledge_of
from ..scenes import SPLITS, SceneFolder, write_scenes
from .image_data import ImageData
from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["SCENE_SPLITS", "SceneData", "render_scenes", "scene_phrasings"]

BOTH = "both"
"""after "/": the split's own wordings, then those of training"""
SCENE_SPLITS = (
    *SPLITS,
    *(f"{split}/{phrasing}" for split in SPLITS for phrasing in SPLITS if phrasing != split),
    *(f"{split}/{BOTH}" for split in SPLITS if split != "train"),
)
"""Splits of scenes; after "/" the split whose wordings are used, where it is not their own."""


class SceneData(ImageData):
    """Reads the scenes of one split; seed and index decide what is asked about each.

    All questions are whole sentences; what one must understand to answer ("function", "colour",
    "relation", ...) is their category. A question that nothing fits has an empty mask.

    Args:
        root: folder of the splits.
        split: of the scenes, "train", "val" or "test".
        phrasings: splits whose wordings are used, one round of questions each; the split's own if
            empty.
        questions: most questions a scene and round.
        seed: of the questions.
        categories: what the scenes can have; None is the catalogue they were rendered from.

    Raises:
        FileNotFoundError: if the split holds no scenes.
        ValueError: if `questions` is below 1.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        phrasings: Sequence[str] = (),
        questions: int = 6,
        seed: int = 0,
        categories: Sequence[str] | None = None,
    ) -> None:
        self.scenes = SceneFolder(root / split)
        self.split = split
        self.phrasings = tuple(phrasings) or (split,)
        self._draw(questions, seed)
        if categories is None:
            categories = knowledge_of(self.scenes.config.categories).categories
        self.categories = tuple(categories)
        name = "/".join(["scenes", split, *phrasings])
        super().__init__(name, [self.scenes.image_file(i).stem for i in range(len(self.scenes))])

    def drawn(self, questions: int, seed: int) -> SceneData:
        """The same scenes with other questions."""
        other = copy(self)
        other._draw(questions, seed)
        return other

    def asked_about(self, count: int) -> list[int]:
        """Which of the first `count` scenes are asked about: in a few there is nothing to ask."""
        return [index for index in range(min(count, len(self))) if self._samples(index)]

    def image_file(self, index: int) -> Path:
        """Where the image of a scene lies."""
        return self.scenes.image_file(index)

    def usable_image(self, index: int) -> np.ndarray:
        """The image of any scene: in a few there is nothing to ask."""
        return self.image(index)

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """The questions about a scene, all rounds."""
        instances = self.scenes.instances(index)
        if instances.shape != size:
            raise ValueError(f"the instances are {instances.shape}, the image is {size} (H, W)")
        return [
            DataQuestion(
                sample.instruction,
                QuestionKind.INSTRUCTION,
                np.isin(instances, sample.target_ids),
                category=sample.kind,
                phrasing=sample.phrasing,
                targets=len(sample.target_ids),
            )
            for sample in self._samples(index)
        ]

    def objects(self, index: int) -> tuple[np.ndarray, ...]:
        """Masks of all listed objects of a scene."""
        instances = self.scenes.instances(index)
        return tuple(instances == item.id for item in self.scenes.objects(index))

    def _draw(self, questions: int, seed: int) -> None:
        if questions < 1:
            raise ValueError(f"questions is {questions}, it must be at least 1")
        self.questions_a_round, self.seed = questions, seed

    def _samples(self, index: int) -> list[QuestionSample]:
        return [
            sample
            for round_, phrasing in enumerate(self.phrasings)
            for sample in generate_samples(
                self.scenes.objects(index),
                np.random.default_rng((self.seed, index, round_)),
                self.split,
                self.questions_a_round,
                phrasing,
                self.categories,
            )
        ]


def scene_phrasings(named: str) -> tuple[str, tuple[str, ...]]:
    """The split of the scenes and the phrasings that one of `SCENE_SPLITS` stands for."""
    split, _, phrasing = named.partition("/")
    if phrasing == BOTH:
        return split, (split, "train")
    return split, (phrasing,) if phrasing else ()


def render_scenes(root: Path, split: str, count: int, workers: int = 2) -> None:
    """Render those of the first `count` scenes of a split that are missing.

    Args:
        root: folder of the splits; nothing is written if all are there.
        split: "train", "val" or "test".
        count: scenes.
        workers: processes.
    """
    try:
        there = SceneFolder(root / split)
    except FileNotFoundError:
        there = None
    last = count - 1
    if there is None or len(there) < count or there.sample_name(last) != f"{last:06d}":
        write_scenes(root, split, count, workers=workers)
