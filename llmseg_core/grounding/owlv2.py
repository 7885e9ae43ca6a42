# SPDX-License-Identifier: Apache-2.0
"""OWLv2: boxes of what a phrase names."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import Owlv2ForObjectDetection, PreTrainedTokenizerBase

from llmseg_core.images.clip_pixels import CLIP_MEAN, CLIP_STD
from llmseg_core.images.image_ops import check_image
from llmseg_core.prompted.target import Target

from .locator import LocatedImage, check_threshold, plain_phrase, targets_of

__all__ = ["Owlv2Locator"]


class Owlv2Locator:
    """Finds by OWLv2; the image encoder runs once an image.

    Args:
        model: the detector; its device and dtype are used.
        tokenizer: CLIP's, with which it was trained.
        score_threshold: least score of a box, [0, 1].
        wording: around the phrase, with "{phrase}".

    Raises:
        ValueError: if the threshold is out of range.
    """

    def __init__(
        self,
        model: Owlv2ForObjectDetection,
        tokenizer: PreTrainedTokenizerBase,
        score_threshold: float = 0.2,
        wording: str = "a photo of {phrase}",
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.score_threshold = check_threshold(score_threshold)
        self.wording = wording

    @property
    def device(self) -> torch.device:
        """Where the detector runs."""
        return self.model.device

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> LocatedImage:
        """See `PhraseLocator`."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        side = int(self.model.config.vision_config.image_size)
        pixels = owlv2_pixels(image, side, self.device).to(self.model.dtype)
        return LocatedImage(self.model.image_embedder(pixels)[0], size)

    @torch.inference_mode()
    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """See `PhraseLocator`."""
        words = plain_phrase(phrase)
        if not words:
            return ()
        longest = int(self.model.config.text_config.max_position_embeddings)
        tokens = self.tokenizer(
            self.wording.format(phrase=words), padding="max_length", truncation=True,
            max_length=longest, return_tensors="pt",
        ).to(self.device)  # fmt: skip
        text = self.model.owlv2.get_text_features(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], return_dict=True
        ).pooler_output
        query = (text / torch.linalg.norm(text, dim=-1, keepdim=True))[None]
        cells = image.features.flatten(1, 2)
        logits, _ = self.model.class_predictor(cells, query)
        boxes = self.model.box_predictor(cells, image.features)
        scores = logits[0, :, 0].float().sigmoid()
        kept = scores > self.score_threshold
        side = max(image.image_size)  # boxes are shares of the padded square
        return targets_of(boxes[0][kept], scores[kept], (side, side), image.image_size, phrase)


def owlv2_pixels(image: np.ndarray, side: int, device: torch.device | str = "cpu") -> Tensor:
    """An image for OWLv2: padded right and bottom to a square, smoothed, resized, normalised.

    As its own processor has it: a Gaussian before the image is shrunk, linear between pixels.

    Args:
        image: (H, W, 3) uint8 RGB.
        side: pixels a side of the result.
        device: of the result.

    Returns:
        (1, 3, side, side) float32.
    """
    height, width = image.shape[:2]
    matrix = _resize_matrix(max(height, width), side).to(device)
    pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1).float() / 255
    square = matrix[:, :height] @ (
        pixels @ matrix[:, :width].T
    )  # padding is black: it adds nothing
    mean = torch.tensor(CLIP_MEAN, dtype=torch.float32, device=device)[:, None, None]
    std = torch.tensor(CLIP_STD, dtype=torch.float32, device=device)[:, None, None]
    return ((square - mean) / std)[None]


def _resize_matrix(pixels: int, side: int) -> Tensor:
    """(side, pixels) float32: weights of one side's pixels in each pixel of the result."""
    factor = pixels / side
    resize = np.zeros((side, pixels))
    places = (np.arange(side) + 0.5) * factor - 0.5
    first = np.floor(places).astype(int)
    for step, weight in ((0, 1 - (places - first)), (1, places - first)):
        np.add.at(resize, (np.arange(side), _mirrored(first + step, pixels)), weight)
    sigma = max(0.0, (factor - 1) / 2)
    radius = int(4 * sigma + 0.5)
    if radius:
        offsets = np.arange(-radius, radius + 1)
        weights = np.exp(-0.5 * (offsets / sigma) ** 2)
        smooth = np.zeros((pixels, pixels))
        for offset, weight in zip(offsets, weights / weights.sum(), strict=True):
            rows = np.arange(pixels)
            np.add.at(smooth, (rows, _mirrored(rows + offset, pixels)), weight)
        resize = resize @ smooth
    return torch.from_numpy(resize.astype(np.float32))


def _mirrored(index: np.ndarray, pixels: int) -> np.ndarray:
    """Indices beyond the ends, reflected about the outermost pixels."""
    if pixels == 1:
        return np.zeros_like(index)
    period = 2 * (pixels - 1)
    index = np.abs(index) % period
    return np.where(index >= pixels, period - index, index)
