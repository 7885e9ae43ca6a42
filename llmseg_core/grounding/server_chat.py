# SPDX-License-Identifier: Apache-2.0
"""A VLM behind an OpenAI-compatible server: vLLM, llama.cpp, TensorRT Edge-LLM."""

from __future__ import annotations

import base64
import http.client
import io
from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np
from PIL import Image

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import resized_image
from llmseg_core.vlm.qwen_pixels import QwenPixels

from .chat import NO, YES, SeenImage, yes_share
from .chat_post import ChatPost, RefusedError, choice_text

__all__ = ["ServerChat"]

UNLIKELY = log(1e-6)
"""log-probability of a word that is not among those that the server names"""


class ServerChat:
    """Asks a server.

    Args:
        url: up to and with the version, such as "http://127.0.0.1:8000/v1".
        model: name of the model there.
        timeout_s: seconds that an answer may take in all.
        max_tokens: most tokens of an answer.
        max_pixels: most pixels of the image that is sent. Its sides are multiples of 28, so that
            a Qwen2.5-VL takes it as it is and answers in its pixels.
        square: see `QwenPixels`.

    Raises:
        ValueError: if the url is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        timeout_s: float = 30.0,
        max_tokens: int = 512,
        max_pixels: int | None = None,
        square: int | None = None,
    ) -> None:
        self._server = ChatPost(url, timeout_s)
        self.url, self.model = self._server.url, model
        self.timeout_s, self.max_tokens = timeout_s, max_tokens
        self.pixels = QwenPixels.from_settings({}, max_pixels, square)
        self.trouble = ""
        """Why the last question was not answered, for people; "" if it was."""
        self._tells_chances = True

    def look(self, image: np.ndarray) -> SeenImage:
        """See `ChatVlm`; nothing is sent yet."""
        size = int(check_image(image).shape[0]), int(image.shape[1])
        fitted = self.pixels.fitted(*size)
        file = io.BytesIO()
        resized = resized_image(image, fitted, Image.Resampling.BICUBIC)
        Image.fromarray(resized).save(file, "PNG", compress_level=1)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        return SeenImage(f"data:image/png;base64,{data}", size, fitted)

    def answer(self, image: SeenImage, question: str) -> str:
        """See `ChatVlm`."""
        return choice_text(self._choice(image, question, {"max_tokens": self.max_tokens})).strip()

    def yes(self, image: SeenImage, question: str) -> float:
        """See `ChatVlm`; 1 or 0 by the first word where the server tells no probabilities."""
        options: dict[str, Any] = {"max_tokens": 1}
        if self._tells_chances:
            try:
                choice = self._choice(image, question, {**options, "logprobs": True,
                                                        "top_logprobs": 20})  # fmt: skip
            except RefusedError as error:
                if error.status != http.client.BAD_REQUEST:
                    raise
                self._tells_chances = False
        if not self._tells_chances:
            choice = self._choice(image, question, {"max_tokens": 4})
        chances = _chances(choice)
        if chances:
            return yes_share(_logsum(chances, YES), _logsum(chances, NO))
        return float(choice_text(choice).strip().lower().startswith("yes"))

    def _choice(
        self, image: SeenImage, question: str, options: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The server's first choice; what goes wrong is remembered as trouble."""
        content = [
            {"type": "image_url", "image_url": {"url": image.content}},
            {"type": "text", "text": question},
        ]
        messages = [{"role": "user", "content": content}]
        body = {"model": self.model, "messages": messages, "temperature": 0, **options}
        try:
            choice = self._server.reply(body)["choices"][0]
        except OSError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        found: Mapping[str, Any] = choice
        return found


def _chances(choice: Mapping[str, Any]) -> dict[str, float]:
    """Log-probabilities of the likeliest first tokens; none if the server does not tell."""
    try:
        first = choice["logprobs"]["content"][0]["top_logprobs"]
        return {str(each["token"]): float(each["logprob"]) for each in first}
    except (LookupError, TypeError, ValueError):
        return {}


def _logsum(chances: Mapping[str, float], words: tuple[str, ...]) -> float:
    """The log-probability of any of some words, alone and after a blank."""
    named = [value for token, value in chances.items() if token.strip(" \u0120\u2581") in words]
    return float(np.logaddexp.reduce([UNLIKELY, *named]))
