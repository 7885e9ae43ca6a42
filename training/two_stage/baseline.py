# SPDX-License-Identifier: Apache-2.0
"""The paper's baseline LLaVA + GroundingSAM (section 5.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmseg_core.images.image_ops import check_image

from .box_masks import BoxMasks
from .detector import PhraseDetector
from .phrase_answer import PhraseAnswerer

__all__ = ["PhraseMask", "TwoStageBaseline"]


@dataclass(frozen=True)
class PhraseMask:
    """The answer to one instruction.

    Attributes:
        phrase: what the VLM said.
        mask: (H, W) bool, the union of what was found; empty if nothing was.
        boxes: (N, 4) float32, left, top, right, bottom in pixels of everything that was found.
        confidence: the highest score of a box, [0, 1]; 0 if nothing was found.
    """

    phrase: str
    mask: np.ndarray
    boxes: np.ndarray
    confidence: float

    @property
    def found(self) -> bool:
        """Whether anything was found."""
        return len(self.boxes) > 0

    @property
    def reason(self) -> str:
        """Why nothing was found, for people; "" if something was."""
        return "" if self.found else f"the detector found no {self.phrase!r} in the image"


class TwoStageBaseline:
    """Answers with a phrase, grounds it, and draws what was found.

    Args:
        answerer: the VLM.
        detector: the open-vocabulary detector.
        box_masks: SAM.
    """

    def __init__(
        self, answerer: PhraseAnswerer, detector: PhraseDetector, box_masks: BoxMasks
    ) -> None:
        self.answerer = answerer
        self.detector = detector
        self.box_masks = box_masks

    def encode_frame(self, image: np.ndarray) -> np.ndarray:
        """The image itself: all networks look at it anew for every instruction.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is no such array.
        """
        return check_image(image)

    def segment_batch(self, frame: np.ndarray, instructions: Sequence[str]) -> list[PhraseMask]:
        """Answer several instructions about one image, one after the other; see `segment`."""
        return [self.segment(frame, instruction) for instruction in instructions]

    def segment(self, image: np.ndarray, instruction: str) -> PhraseMask:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB.
            instruction: what to segment, in words.

        Raises:
            ValueError: if the image is no such array, or the instruction is empty.
        """
        check_image(image)
        phrase = self.answerer.answer(image, instruction)
        found = self.detector.detect(image, phrase)
        masks = self.box_masks.draw(image, found.boxes)
        return PhraseMask(
            phrase,
            masks.any(0).cpu().numpy(),
            found.boxes.cpu().numpy(),
            float(found.scores.max()) if len(found.scores) else 0.0,
        )
