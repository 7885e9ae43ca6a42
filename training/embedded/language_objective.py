# SPDX-License-Identifier: Apache-2.0
"""What the embedded VLM learns before it meets images: instructions, and what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from llmseg_core.vlm.prompts import ANSWERS
from llmseg_core.vlm.seg_token import IGNORED

from ..learning.batch import Batch
from ..questions import CATEGORIES, QuestionSample, generate_samples
from ..questions.made_up import made_up_objects
from ..trainer.objective import Objective, StepLoss
from .selection_objective import SelectionModel

__all__ = [
    "InstructionDataset",
    "LanguageBatch",
    "LanguageModel",
    "LanguageObjective",
    "collate_instructions",
]


class InstructionDataset(Dataset[list[QuestionSample]]):
    """Instructions about made-up scenes, some for each index.

    Args:
        count: length.
        questions: most instructions an index.
        seed: of the scenes and the instructions.
        categories: what the scenes can have.
    """

    def __init__(
        self, count: int, questions: int, seed: int, categories: Sequence[str] = CATEGORIES
    ) -> None:
        self.count, self.questions, self.seed = count, questions, seed
        self.categories = categories

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> list[QuestionSample]:
        rng = np.random.default_rng((self.seed, index))
        objects = made_up_objects(rng, int(rng.integers(4, 9)), self.categories)
        return generate_samples(objects, rng, "train", self.questions, vocabulary=self.categories)


@dataclass(frozen=True)
class LanguageBatch(Batch):
    """R questions; the VLM itself puts their words into tensors, on its device."""

    questions: tuple[QuestionSample, ...]


def collate_instructions(samples: Sequence[list[QuestionSample]]) -> LanguageBatch:
    """All questions in one row."""
    return LanguageBatch(tuple(question for asked in samples for question in asked))


class LanguageModel(nn.Module):
    """The language part of a `SelectionModel`, asked without an image.

    Args:
        model: its language model and meaning head learn.
    """

    def __init__(self, model: SelectionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, questions: tuple[QuestionSample, ...]) -> dict[str, Tensor]:
        """The losses of R questions: scalars "language" and "meaning"."""
        encoder = self.model.seg_token_encoder
        answers = [ANSWERS[row % len(ANSWERS)] for row in range(len(questions))]
        batch = encoder.training_batch([question.instruction for question in questions], answers)
        image = batch.input_ids[0] == encoder.llava.config.image_token_index  # the same in all rows
        ids, labels = batch.input_ids[:, ~image], batch.labels[:, ~image]
        hidden = encoder.llava.model.language_model(
            input_ids=ids, use_cache=False
        ).last_hidden_state
        scored = labels[:, 1:] != IGNORED
        language = F.cross_entropy(
            encoder.llava.lm_head(hidden[:, :-1][scored]), labels[:, 1:][scored]
        )
        seg = (batch.seg_positions - image.sum())[:, None, None].expand(-1, 1, hidden.shape[2])
        meaning = self.model.meaning_head(hidden.gather(1, seg)[:, 0])
        return {"language": language, "meaning": self.model.meaning_loss(meaning, questions)}


class LanguageObjective(Objective[LanguageBatch]):
    """The sum of both losses of a `LanguageModel`."""

    def loss(self, model: nn.Module, batch: LanguageBatch, step: int) -> StepLoss:
        """See `LanguageModel`."""
        out = model(batch.questions)
        language, meaning = out["language"], out["meaning"]
        return StepLoss(language + meaning, {"language_loss": language, "meaning_loss": meaning})
