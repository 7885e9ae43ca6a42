# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes with drawn instructions, as a data set like any other.

DIR/test/images/000000.png, instances/000000.png, scenes.jsonl      of llmseg_training.scenes
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..questions import CATEGORIES, generate_samples
from ..scenes import SPLITS, SceneFolder
from .image_data import ImageData
from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["SCENE_SPLITS", "SceneData"]

SCENE_SPLITS = (
    *SPLITS,
    *(f"{split}/{phrasing}" for split in SPLITS for phrasing in SPLITS if phrasing != split),
)
"""Splits of scenes; after "/" the split whose wording is used, if it is another one."""


class SceneData(ImageData):
    """Reads the scenes of one split; seed and index decide what is asked about each.

    The questions are those that `evaluate.scene_answers.ask_scenes` asks with the same arguments.
    All are whole sentences; what one must understand to answer ("function", "colour", "relation",
    ...) is their category. A question that nothing fits has an empty mask.

    Args:
        root: folder of the splits.
        split: of the scenes, "train", "val" or "test".
        phrasings: splits whose wordings are used, one round of questions each; the split's own if
            empty.
        questions: most questions a scene and round.
        seed: of the questions.
        categories: what the scenes can have.

    Raises:
        FileNotFoundError: if the split holds no scenes.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        phrasings: Sequence[str] = (),
        questions: int = 6,
        seed: int = 0,
        categories: Sequence[str] = CATEGORIES,
    ) -> None:
        self.scenes = SceneFolder(root / split)
        self.split = split
        self.phrasings = tuple(phrasings) or (split,)
        self.questions_a_round = questions
        self.seed = seed
        self.categories = tuple(categories)
        name = "/".join(["scenes", split, *phrasings])
        super().__init__(name, [self.scenes.image_file(i).stem for i in range(len(self.scenes))])

    def image_file(self, index: int) -> Path:
        """Where the image of a scene lies."""
        return self.scenes.image_file(index)

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """The questions about a scene, all rounds."""
        instances = self.scenes.instances(index)
        if instances.shape != size:
            raise ValueError(f"the instances are {instances.shape}, the image is {size} (H, W)")
        return [
            DataQuestion(
                question.instruction,
                QuestionKind.INSTRUCTION,
                np.isin(instances, question.target_ids),
                category=question.kind,
            )
            for round_, phrasing in enumerate(self.phrasings)
            for question in generate_samples(
                self.scenes.objects(index),
                np.random.default_rng((self.seed, index, round_)),
                self.split,
                self.questions_a_round,
                phrasing,
                self.categories,
            )
        ]
