# SPDX-License-Identifier: Apache-2.0
"""A VLM that answers a question in a word or phrase."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import LlavaForConditionalGeneration

__all__ = ["PhraseAnswerer"]

REQUEST = "Please answer the question using a word or phrase."
"""What the paper adds to every question (section 5.1.2)."""
PROMPT = "USER: <image>\n{question} {request} ASSISTANT:"
"""LLaVA v1.5's conversation."""


class PhraseAnswerer:
    """Asks LLaVA; the most likely words, no chance.

    Args:
        model: the VLM; its device and dtype are used.
        processor: its LlavaProcessor.
        max_tokens: most tokens of an answer.
    """

    def __init__(
        self, model: LlavaForConditionalGeneration, processor: Any, max_tokens: int = 32
    ) -> None:
        self.model = model.eval()
        self.processor = processor
        self.max_tokens = max_tokens

    @torch.inference_mode()
    def answer(self, image: np.ndarray, question: str) -> str:
        """A word or phrase without a full stop; "" if the VLM says nothing.

        Args:
            image: (H, W, 3) uint8 RGB.
            question: a text.

        Raises:
            ValueError: if the question is empty.
        """
        if not question.strip():
            raise ValueError("the instruction is empty, it must be a text such as 'the red cup'")
        prompt = PROMPT.format(question=question.strip(), request=REQUEST)
        inputs = self.processor(images=Image.fromarray(image), text=prompt, return_tensors="pt")
        inputs = inputs.to(self.model.device, self.model.dtype)
        said = self.model.generate(**inputs, max_new_tokens=self.max_tokens, do_sample=False)
        new = said[0, inputs["input_ids"].shape[1] :]
        text: str = self.processor.tokenizer.decode(new, skip_special_tokens=True)
        return text.strip().rstrip(".").strip()
