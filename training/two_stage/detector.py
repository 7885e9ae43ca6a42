# SPDX-License-Identifier: Apache-2.0
"""GroundingDINO: boxes of what a phrase names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import GroundingDinoForObjectDetection

__all__ = ["Detections", "PhraseDetector"]


@dataclass(frozen=True)
class Detections:
    """What was found.

    Attributes:
        boxes: (N, 4) float32, left, top, right, bottom in pixels of the image, within it.
        scores: (N,) float32, [0, 1].
    """

    boxes: Tensor
    scores: Tensor


class PhraseDetector:
    """Finds everything that a phrase names.

    Args:
        model: the detector; its device is used.
        processor: its GroundingDinoProcessor.
        box_threshold: least score of a box, [0, 1]; the default is that of Grounded-SAM's demo.

    Raises:
        ValueError: if the threshold is out of range.
    """

    def __init__(
        self, model: GroundingDinoForObjectDetection, processor: Any, box_threshold: float = 0.3
    ) -> None:
        if not 0 <= box_threshold <= 1:
            raise ValueError(f"box_threshold is {box_threshold}, it must be in [0, 1]")
        self.model = model.eval()
        self.processor = processor
        self.box_threshold = box_threshold

    @torch.inference_mode()
    def detect(self, image: np.ndarray, phrase: str) -> Detections:
        """Ground one phrase.

        Args:
            image: (H, W, 3) uint8 RGB.
            phrase: a few words; nothing is found if there is none.
        """
        words = " ".join(phrase.lower().replace(".", " ").split())
        if not words:
            return Detections(torch.zeros(0, 4), torch.zeros(0))
        inputs = self.processor(
            images=Image.fromarray(image), text=f"{words}.", truncation=True,
            max_length=self.model.config.max_text_len, return_tensors="pt",
        )  # fmt: skip
        outputs = self.model(**inputs.to(self.model.device))
        height, width = image.shape[:2]
        (found,) = self.processor.post_process_grounded_object_detection(
            outputs, inputs["input_ids"], self.box_threshold, target_sizes=[(height, width)]
        )
        limits = torch.tensor((width, height, width, height), device=self.model.device)
        boxes = found["boxes"].float().clamp(min=torch.zeros_like(limits), max=limits)
        return Detections(boxes, found["scores"].float())
