# SPDX-License-Identifier: Apache-2.0
"""OmDet-Turbo: boxes of what a phrase names, fast."""

from __future__ import annotations

import numpy as np
import torch
from transformers import OmDetTurboForObjectDetection, PreTrainedTokenizerBase

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import imagenet_pixels
from llmseg_core.prompted.target import Target
from llmseg_core.proposals.box_nms import box_nms

from .locator import LocatedImage, check_threshold, plain_phrase, targets_of

__all__ = ["OmDetTurboLocator"]

NMS_THRESHOLD = 0.5
"""box IoU above which the less sure of two boxes goes"""
MOST_TOKENS = 77
"""tokens of a phrase, as CLIP's text encoder has them"""


class OmDetTurboLocator:
    """Finds by OmDet-Turbo; the image encoder runs once an image.

    Args:
        model: the detector, in float32: its boxes need that.
        tokenizer: CLIP's, with which it was trained.
        score_threshold: least score of a box, [0, 1].

    Raises:
        ValueError: if the threshold is out of range.
    """

    def __init__(
        self,
        model: OmDetTurboForObjectDetection,
        tokenizer: PreTrainedTokenizerBase,
        score_threshold: float = 0.3,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.score_threshold = check_threshold(score_threshold)

    @property
    def device(self) -> torch.device:
        """Where the detector runs."""
        return self.model.device

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> LocatedImage:
        """See `PhraseLocator`; the image is stretched to the detector's square."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        side = int(self.model.config.image_size)
        pixels = imagenet_pixels(image, (side, side), self.device).to(self.model.dtype)
        encoded = self.model.encoder(self.model.vision_backbone(pixels), return_dict=True)
        return LocatedImage(encoded.extracted_states, size)

    @torch.inference_mode()
    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """See `PhraseLocator`."""
        words = plain_phrase(phrase)
        if not words:
            return ()
        longest = min(MOST_TOKENS, int(self.model.config.text_config.max_position_embeddings))
        tokens = [
            self.tokenizer(
                text, padding="max_length", truncation=True, max_length=longest, return_tensors="pt"
            ).to(self.device)
            for text in (words, f"Detect {words}.")
        ]
        classes, tasks, mask = self.model.get_language_embedding(
            tokens[0]["input_ids"],
            tokens[0]["attention_mask"],
            tokens[1]["input_ids"],
            tokens[1]["attention_mask"],
            torch.ones(1, dtype=torch.int64, device=self.device),
        )
        output = self.model.decoder(image.features, classes, tasks, mask, return_dict=True)
        scores = output.decoder_classes[-1][0, :, 0].float().sigmoid()
        kept = scores > self.score_threshold
        height, width = image.image_size
        found = targets_of(
            output.decoder_coords[-1][0][kept], scores[kept], (width, height), image.image_size,
            phrase,
        )  # fmt: skip
        if not found:
            return ()
        boxes = torch.tensor([target.box_px for target in found])
        best = box_nms(boxes, torch.tensor([target.score for target in found]), NMS_THRESHOLD)
        return tuple(found[index] for index in sorted(best.tolist()))
