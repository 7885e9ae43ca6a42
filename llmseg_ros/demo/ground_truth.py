# SPDX-License-Identifier: Apache-2.0
"""The questions that belong to a recording, and their right answers.

`ground_truth.json` lies beside the recording:

    {"image_size": [H, W],
     "scenes": [{"objects": {"3": "mug"},
                 "questions": [{"instruction": "...", "kind": "function", "targets": [3]}],
                 "frames": [{"stamp_ns": 1, "masks": {"3": "COCO's compressed run lengths"}}]}]}

A scene is seen in several frames. Targets are ids of objects; where none fits there are none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmseg_core.images.run_lengths import decode_counts

__all__ = ["GROUND_TRUTH_FILE", "GroundTruth", "Question", "SceneTruth"]

GROUND_TRUTH_FILE = "ground_truth.json"


@dataclass(frozen=True)
class Question:
    """One question about one scene.

    Attributes:
        scene: index of the scene.
        instruction: what is asked.
        kind: what one must understand to answer, such as "function" or "relation".
        targets: ids of all objects that fit; empty if none does.
    """

    scene: int
    instruction: str
    kind: str
    targets: tuple[int, ...]


@dataclass(frozen=True)
class SceneTruth:
    """A scene of the recording.

    Attributes:
        questions: what to ask about it, in this order.
        frames: for each frame's stamp in nanoseconds, each object's mask as COCO's run lengths.
    """

    questions: tuple[Question, ...]
    frames: Mapping[int, Mapping[int, str]]


@dataclass(frozen=True)
class GroundTruth:
    """All scenes of a recording.

    Attributes:
        height: pixels of each image.
        width: pixels of each image.
        scenes: in the order of the recording.
    """

    height: int
    width: int
    scenes: tuple[SceneTruth, ...]

    @classmethod
    def load(cls, recording: Path) -> GroundTruth:
        """Reads what lies in the recording's folder.

        Raises:
            FileNotFoundError: there is no ground truth.
            ValueError: it is not of this form.
        """
        path = recording / GROUND_TRUTH_FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"{str(recording)!r} has no {GROUND_TRUTH_FILE}: the demonstration needs a "
                "recording with questions and answers"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            height, width = content["image_size"]
            scenes = tuple(_scene(index, scene) for index, scene in enumerate(content["scenes"]))
            for masks in (masks for scene in scenes for masks in scene.frames.values()):
                for counts in masks.values():
                    decode_counts(counts, (height, width))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no ground truth: {error!r}") from error
        return cls(height, width, scenes)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions of all scenes."""
        return tuple(question for scene in self.scenes for question in scene.questions)

    def scene_at(self, stamp_ns: int) -> int | None:
        """Index of the scene that the frame of that stamp shows; None for a foreign stamp."""
        return self._scene_of_stamp.get(stamp_ns)

    def target(self, question: Question, stamp_ns: int) -> NDArray[np.bool_]:
        """The right answer (H, W) in the frame of that stamp, one of the question's scene."""
        masks = self.scenes[question.scene].frames[stamp_ns]
        target = np.zeros((self.height, self.width), dtype=np.bool_)
        for object_id in question.targets:
            if object_id in masks:
                target |= decode_counts(masks[object_id], (self.height, self.width))
        return target

    @cached_property
    def _scene_of_stamp(self) -> dict[int, int]:
        return {stamp: index for index, scene in enumerate(self.scenes) for stamp in scene.frames}


def _scene(index: int, content: dict) -> SceneTruth:
    questions = tuple(
        Question(index, item["instruction"], item["kind"], tuple(map(int, item["targets"])))
        for item in content["questions"]
    )
    frames = {
        int(frame["stamp_ns"]): {int(key): mask for key, mask in frame["masks"].items()}
        for frame in content["frames"]
    }
    return SceneTruth(questions, frames)
