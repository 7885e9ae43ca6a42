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

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DynamicCache, LlavaForConditionalGeneration, PreTrainedTokenizerBase

from llmseg_core.config import SegTokenConfig
from llmseg_core.images.clip_pixels import clip_input
from llmseg_core.images.image_ops import check_image
from llmseg_core.types import ImagePrefix

from .llava import cache_argument
from .prompt_tokens import PromptTokens
from .prompts import FIXED_ANSWER, IMAGE_END, IMAGE_START, IMAGE_TOKEN, SEG_TOKEN

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
        seg_positions: (R,) int64, the position before the seg token.
    """

    input_ids: Tensor
    labels: Tensor
    seg_positions: Tensor

    def to(self, device: torch.device | str) -> PromptBatch:
        """The same batch on `device`."""
        return PromptBatch(
            self.input_ids.to(device), self.labels.to(device), self.seg_positions.to(device)
        )


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
        llava: the VLM.
        tokenizer: its tokenizer, with the seg token and the image tokens.
        config: the conversation.

    Raises:
        ValueError: if the tokenizer lacks one of these tokens, or the VLM has no row for it.
    """

    def __init__(
        self,
        llava: LlavaForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        config: SegTokenConfig,
    ) -> None:
        super().__init__()
        self.llava = llava
        self.tokenizer = tokenizer
        self.config = config
        self.seg_token_id = self._token_id(SEG_TOKEN)
        if llava.config.image_token_index != self._token_id(IMAGE_TOKEN):
            raise ValueError(
                f"the VLM's image_token_index is {llava.config.image_token_index}, the tokenizer's "
                f"{IMAGE_TOKEN} is {self._token_id(IMAGE_TOKEN)}; they must be the same"
            )
        for token in (IMAGE_START, IMAGE_END) if config.wrap_image else ():
            self._token_id(token)
        self.prompts = PromptTokens(tokenizer, config, llava.config)

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
        cache = DynamicCache()
        self.llava.model(
            input_ids=self._tensor([self.prompts.prefix_ids]),
            pixel_values=self.pixel_values(image),
            use_cache=True,
            **{cache_argument(self.llava.model): cache},
        )
        return ImagePrefix(
            tuple(layer.keys for layer in cache.layers),
            tuple(layer.values for layer in cache.layers),
        )

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
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(zip(prefix.keys, prefix.values, strict=True)):
            size = (len(tails), -1, -1, -1)
            cache.update(keys.expand(size), values.expand(size), layer)
        # Padding stands on the right, where causal attention never looks: no mask is needed.
        language_model = self.llava.model.language_model
        output = language_model(
            input_ids=self._padded(tails, BUCKET),
            use_cache=True,
            **{cache_argument(language_model): cache},
        )
        last = self._tensor([len(tail) - 1 for tail in tails])
        return output.last_hidden_state[torch.arange(len(tails), device=last.device), last]

    @torch.inference_mode()
    def encode_uncached(self, image: np.ndarray, instructions: Sequence[str]) -> Tensor:
        """The same as `encode_instructions`, by whole prompts through the whole VLM: a reference.

        Args:
            image: (H, W, 3) uint8 RGB.
            instructions: R texts, at least one.

        Returns:
            (R, hidden) float in the VLM's dtype.
        """
        batch = self.training_batch(instructions, [FIXED_ANSWER] * len(instructions))
        output = self.llava(
            input_ids=batch.input_ids,
            pixel_values=self.pixel_values(image).expand(len(instructions), -1, -1, -1),
            output_hidden_states=True,
        )
        rows = torch.arange(len(instructions), device=batch.seg_positions.device)
        return output.hidden_states[-1][rows, batch.seg_positions]

    # ---------------------------------------------------------------- training

    def training_batch(self, instructions: Sequence[str], answers: Sequence[str]) -> PromptBatch:
        """Whole prompts on the VLM's device, of which only the answers are scored.

        Args:
            instructions: R texts.
            answers: R texts with one seg token each.

        Raises:
            ValueError: if an instruction is empty, an answer lacks the seg token, or a prompt is
                too long for the VLM.
        """
        if len(instructions) != len(answers):
            raise ValueError(f"{len(instructions)} instructions but {len(answers)} answers")
        prompts, starts, positions = [], [], []
        for instruction, answer in zip(instructions, answers, strict=True):
            tail = [*self.prompts.tail_ids(instruction, answer), self.tokenizer.eos_token_id]
            prompts.append([*self.prompts.prefix_ids, *tail])
            starts.append(
                len(self.prompts.prefix_ids) + len(self.prompts.question_ids(instruction))
            )
            positions.append(len(self.prompts.prefix_ids) + tail.index(self.seg_token_id) - 1)
        input_ids = self._padded(prompts)
        column = torch.arange(input_ids.shape[1], device=input_ids.device)
        ends = self._tensor([len(prompt) for prompt in prompts])
        scored = (column >= self._tensor(starts)[:, None]) & (column < ends[:, None])
        labels = input_ids.masked_fill(~scored, IGNORED)
        return PromptBatch(input_ids, labels, self._tensor(positions))

    def forward(
        self, pixel_values: Tensor, image_index: Tensor, batch: PromptBatch
    ) -> TeacherForced:
        """One teacher-forced pass over several questions an image; the vision part runs once each.

        Args:
            pixel_values: (B, 3, S, S) float32, from `pixel_values`.
            image_index: (R,) int64, the image that each prompt asks about.
            batch: R prompts.
        """
        model = self.llava.model
        image = model.get_image_features(pixel_values.to(self.llava.dtype), return_dict=True)
        features = torch.stack(tuple(image.pooler_output))[image_index]  # (R, image tokens, hidden)
        embeds = model.get_input_embeddings()(batch.input_ids)
        start = self.prompts.prefix_ids.index(self.llava.config.image_token_index)
        stop = start + features.shape[1]
        embeds = torch.cat((embeds[:, :start], features.to(embeds.dtype), embeds[:, stop:]), 1)
        hidden = model.language_model(inputs_embeds=embeds, use_cache=False).last_hidden_state
        rows = torch.arange(len(hidden), device=hidden.device)
        scored = batch.labels[:, 1:] != IGNORED
        return TeacherForced(
            hidden=hidden[rows, batch.seg_positions],
            logits=self.llava.lm_head(hidden[:, :-1][scored]),
            labels=batch.labels[:, 1:][scored],
        )

    # ---------------------------------------------------------------- prompts and pixels

    def pixel_values(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to the VLM's input, (1, 3, S, S) in its dtype and on its device."""
        size = self.llava.config.vision_config.image_size
        pixels = clip_input(check_image(image), size, self.config.image_fit, self.llava.device)
        return pixels.to(self.llava.dtype)

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
        pad = self.tokenizer.pad_token_id or 0
        longest = ceil(max(len(row) for row in rows) / multiple) * multiple
        return self._tensor([[*row, *[pad] * (longest - len(row))] for row in rows])

    def _tensor(self, values: Sequence[int] | Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.llava.device)
