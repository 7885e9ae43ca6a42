# SPDX-License-Identifier: Apache-2.0
"""Florence-2 as locator: it writes location tokens for a phrase."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import Florence2ForConditionalGeneration, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutput

from llmseg_core.config.grounding import BoxFormat
from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    normalized,
    resized_image,
)
from llmseg_core.prompted.target import Target

from .box_text import parse_grounding
from .locator import LocatedImage

__all__ = ["Florence2Locator"]

REQUEST = "Locate {phrase} in the image."
"""What Florence-2 was trained with for open-vocabulary detection."""


class Florence2Locator:
    """Finds by Florence-2; the image encoder runs once an image. It gives no scores.

    Args:
        model: the network; its device and dtype are used.
        tokenizer: its tokenizer, with location tokens.
        image_size: pixels a side of its square input.
        max_tokens: most tokens of an answer; a box takes four and its words.
    """

    def __init__(
        self,
        model: Florence2ForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        image_size: int = 768,
        max_tokens: int = 256,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.image_size = image_size
        self.max_tokens = max_tokens

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self.model.device

    @torch.inference_mode()
    def look(self, image: np.ndarray) -> LocatedImage:
        """See `PhraseLocator`; the image is stretched to the network's square."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        side = self.image_size
        resized = resized_image(image, (side, side), Image.Resampling.BICUBIC)
        pixels = normalized(resized, IMAGENET_MEAN, IMAGENET_STD, self.device)
        features = self.model.get_image_features(pixels.to(self.model.dtype), return_dict=True)
        return LocatedImage(features.pooler_output, size)

    @torch.inference_mode()
    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """See `PhraseLocator`."""
        words = " ".join(phrase.split())
        if not words:
            return ()
        text = self.write(image.features, REQUEST.format(phrase=words))
        size = image.image_size
        found = parse_grounding(text, BoxFormat.LOC, size, size).targets
        return tuple(replace(each, label=phrase) for each in found)

    def write(self, features: Tensor, request: str) -> str:
        """What Florence-2 writes to a request about an image, tokens with a meaning included.

        Args:
            features: (1, T, width) of the image.
            request: a text.
        """
        tokenizer, config = self.tokenizer, self.model.config
        said = tokenizer(
            f"{tokenizer.bos_token}{request}{tokenizer.eos_token}", add_special_tokens=False
        )["input_ids"]
        room = self._longest - features.shape[1]
        if len(said) > room:
            said = [*said[: max(0, room - 1)], tokenizer.eos_token_id]
        ids = torch.tensor([[config.image_token_id] * features.shape[1] + said], device=self.device)
        embeds = self.model.get_input_embeddings()(ids)
        embeds = torch.cat((features.to(embeds.dtype), embeds[:, features.shape[1] :]), 1)
        mask = torch.ones_like(ids)
        encoder = self.model.model.language_model.encoder
        hidden = encoder(inputs_embeds=embeds, attention_mask=mask).last_hidden_state
        written = self.model.generate(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden),
            attention_mask=mask,
            max_new_tokens=min(self.max_tokens, self._longest - 1),
            do_sample=False,
        )
        return str(tokenizer.decode(written[0], skip_special_tokens=False))

    @property
    def _longest(self) -> int:
        """Positions of the language model."""
        return int(self.model.config.text_config.max_position_embeddings)
