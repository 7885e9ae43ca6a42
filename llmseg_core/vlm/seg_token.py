# SPDX-License-Identifier: Apache-2.0
"""The VLM as encoder of instructions: the hidden state that predicts the seg token.

The seg token carries what is meant (paper section 3.1). As in the released code its answer is fixed
to "[SEG].", so nothing is generated: one teacher-forced forward pass up to the position before the
seg token gives the hidden state. The part of the prompt up to and with the image is the same for
all instructions; its keys and values are kept as `ImagePrefix`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig
from llmseg_core.runtime.sending import sent
from llmseg_core.types import ImagePrefix

from .families import conversation_of, image_vlm_of, vlm_pixels
from .image_vlm import device_of
from .llava_vlm import ONE
from .prompt_tokens import PromptTokens
from .prompts import FIXED_ANSWER, SEG_TOKEN
from .vlm_image import VlmPixels

__all__ = ["PromptBatch", "SegTokenEncoder", "TeacherForced"]

BUCKET = 16
"""Instructions are padded to a multiple of so many tokens, so that few shapes occur."""
IGNORED = -100
"""Label of a position that the language model's loss leaves out."""


@dataclass(frozen=True)
class PromptBatch:
    """Whole prompts with their answers, padded on the right.

    Attributes:
        input_ids: (R, T) int64.
        labels: (R, T) int64, `input_ids` where the answer and the end-of-text stand, else -100.
        seg_positions: (R,) int64, the index of the token before the seg token.
        position_ids: (axes, R, T) int64, where each token stands, of VLMs that count rows and
            columns of an image; None means one after the other.
    """

    input_ids: Tensor
    labels: Tensor
    seg_positions: Tensor
    position_ids: Tensor | None = None


@dataclass(frozen=True)
class TeacherForced:
    """What training needs of one forward pass of the VLM.

    Attributes:
        hidden: (R, hidden) float, the hidden state before the seg token.
        logits: (M, vocabulary) float, predictions of the M scored tokens of all prompts.
        labels: (M,) int64, those tokens.
    """

    hidden: Tensor
    logits: Tensor
    labels: Tensor


class SegTokenEncoder(nn.Module):
    """Turns instructions about an image into hidden states of the seg token.

    Args:
        llava: the VLM, of any family of `families`; the name is that of the first, and stands in
            the names of stored weights.
        tokenizer: its tokenizer, with the seg token and the conversation's tokens.
        config: the conversation.
        pixels: how its images are made; None is LLaVA's way.

    Raises:
        ValueError: if the VLM is of another family, the tokenizer lacks one of these tokens, or the
            VLM has no row for it.
    """

    def __init__(
        self,
        llava: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        config: SegTokenConfig,
        pixels: VlmPixels | None = None,
    ) -> None:
        super().__init__()
        self.llava = llava
        self.tokenizer = tokenizer
        self.config = config
        self.vlm = image_vlm_of(llava)
        self.pixels = pixels or vlm_pixels(llava.config, config, {})
        conversation = conversation_of(llava.config, config, self.pixels)
        self.seg_token_id = self._token_id(SEG_TOKEN)
        image_token = conversation.image_token
        if conversation.image_token_id != self._token_id(image_token):
            raise ValueError(
                f"the VLM's image_token_index is {conversation.image_token_id}, the tokenizer's "
                f"{image_token} is {self._token_id(image_token)}; they must be the same"
            )
        for token in conversation.tokens:
            self._token_id(token)
        self.prompts = PromptTokens(tokenizer, config, conversation)

    @property
    def hidden_dim(self) -> int:
        """Width of the hidden states."""
        return int(self.llava.config.text_config.hidden_size)

    # ---------------------------------------------------------------- inference

    @torch.inference_mode()
    def encode_image(self, image: np.ndarray) -> ImagePrefix:
        """Keys and values of the prompt up to and with the image.

        Args:
            image: (H, W, 3) uint8 RGB.
        """
        seen = self.pixels.see(image, self.llava.device)
        return self.vlm.take_in(self.prompts.prefix_ids(seen.grid), seen)

    @torch.inference_mode()
    def encode_instructions(self, prefix: ImagePrefix, instructions: Sequence[str]) -> Tensor:
        """The hidden state before the seg token for each instruction about one image.

        Args:
            prefix: from `encode_image`; it is not changed.
            instructions: R texts.

        Returns:
            (R, hidden) float in the VLM's dtype.

        Raises:
            UnaskableError: if an instruction is empty, holds a control token or is too long.
        """
        if not instructions:
            return torch.empty(0, self.hidden_dim, dtype=self.llava.dtype, device=self.llava.device)
        tails = [self.prompts.tail_ids(text, FIXED_ANSWER) for text in instructions]
        tails = [tail[: tail.index(self.seg_token_id)] for tail in tails]
        # Padding stands on the right, where causal attention never looks: no mask is needed.
        hidden = self.vlm.read_on(self._padded(tails, BUCKET), prefix)
        last = self._tensor([len(tail) - 1 for tail in tails])
        return hidden[torch.arange(len(tails), device=last.device), last]

    @torch.inference_mode()
    def encode_uncached(self, image: np.ndarray, instructions: Sequence[str]) -> Tensor:
        """The same as `encode_instructions`, by whole prompts through the whole VLM: a reference.

        Args:
            image: (H, W, 3) uint8 RGB.
            instructions: R texts, at least one.

        Returns:
            (R, hidden) float in the VLM's dtype.
        """
        seen, count = self.pixels.see(image, self.llava.device), len(instructions)
        batch = self.training_batch(instructions, [FIXED_ANSWER] * count, [seen.grid] * count)
        hidden = self.vlm.whole(batch.input_ids, seen)
        return hidden[torch.arange(count, device=hidden.device), batch.seg_positions]

    # ---------------------------------------------------------------- training

    def training_batch(
        self,
        instructions: Sequence[str],
        answers: Sequence[str],
        grids: Sequence[tuple[int, int]] | None = None,
    ) -> PromptBatch:
        """Whole prompts on the VLM's device, of which only the answers are scored.

        Args:
            instructions: R texts.
            answers: R texts with one seg token each.
            grids: of the image of each, see `VlmImage`; None takes the longest.

        Raises:
            ValueError: if an instruction is empty, an answer lacks the seg token, or a prompt is
                too long for the VLM.
        """
        if len(instructions) != len(answers):
            raise ValueError(f"{len(instructions)} instructions but {len(answers)} answers")
        if grids is None:
            grids = [self.pixels.longest_grid] * len(instructions)
        prompts, starts, seg_positions = [], [], []
        for instruction, answer, grid in zip(instructions, answers, grids, strict=True):
            prefix = self.prompts.prefix_ids(grid)
            tail = [*self.prompts.tail_ids(instruction, answer), self.tokenizer.eos_token_id]
            prompts.append([*prefix, *tail])
            starts.append(len(prefix) + len(self.prompts.question_ids(instruction)))
            seg_positions.append(len(prefix) + tail.index(self.seg_token_id) - 1)
        input_ids = self._padded(prompts)
        places = self._positions(prompts, grids, input_ids.shape[1])
        column = torch.arange(input_ids.shape[1], device=input_ids.device)
        ends = self._tensor([len(prompt) for prompt in prompts])
        scored = (column >= self._tensor(starts)[:, None]) & (column < ends[:, None])
        labels = input_ids.masked_fill(~scored, IGNORED)
        return PromptBatch(input_ids, labels, self._tensor(seg_positions), places)

    def _positions(
        self, prompts: Sequence[list[int]], grids: Sequence[tuple[int, int]], length: int
    ) -> Tensor | None:
        """(axes, R, T) int64, see `ImageVlm.position_ids`; padding goes on counting."""
        pad = self._pad_id
        rows = [
            self.vlm.position_ids([*prompt, *[pad] * (length - len(prompt))], grid)
            for prompt, grid in zip(prompts, grids, strict=True)
        ]
        known = [row for row in rows if row is not None]
        return self._tensor(known).transpose(0, 1) if known else None

    def forward(
        self,
        pixel_values: Tensor,
        image_index: Tensor,
        batch: PromptBatch,
        grids: Sequence[tuple[int, int]] | None = None,
    ) -> TeacherForced:
        """One teacher-forced pass over several questions an image; the vision part runs once each.

        Args:
            pixel_values: parts of B images one after the other, float32, see `VlmImage`.
            image_index: (R,) int64, the image that each prompt asks about.
            batch: R prompts.
            grids: of B images; None where each is one part.
        """
        grids = [ONE] * len(pixel_values) if grids is None else grids
        hidden = self.vlm.states(
            batch.input_ids, batch.position_ids, pixel_values, grids, image_index.tolist()
        )
        rows = torch.arange(len(hidden), device=hidden.device)
        scored = batch.labels[:, 1:] != IGNORED
        return TeacherForced(
            hidden=hidden[rows, batch.seg_positions],
            logits=self.llava.lm_head(hidden[:, :-1][scored]),
            labels=batch.labels[:, 1:][scored],
        )

    # ---------------------------------------------------------------- prompts and pixels

    def pixel_values(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to the VLM's input, (n, ...) in its dtype and on its device."""
        return self.pixels.see(image, self.llava.device).pixels.to(self.llava.dtype)

    def _token_id(self, token: str) -> int:
        token_id = self.tokenizer.get_vocab().get(token)
        rows = self.llava.get_input_embeddings().num_embeddings
        if token_id is None or token_id >= rows:
            raise ValueError(
                f"the tokenizer's id of {token} is {token_id}, it must be one of the VLM's {rows} "
                f"embeddings; llmseg_core.vlm.tokenizer.add_special_tokens adds it"
            )
        return int(token_id)

    def _padded(self, rows: Sequence[Sequence[int]], multiple: int = 1) -> Tensor:
        """(rows, T) int64 of token ids, padded on the right to a multiple of a length."""
        pad = self._pad_id
        longest = ceil(max(len(row) for row in rows) / multiple) * multiple
        return self._tensor([[*row, *[pad] * (longest - len(row))] for row in rows])

    @property
    def _pad_id(self) -> int:
        return self.tokenizer.pad_token_id or 0

    def _tensor(self, values: Sequence[Any]) -> Tensor:
        return sent(torch.tensor(values, dtype=torch.int64), device_of(self.llava))
