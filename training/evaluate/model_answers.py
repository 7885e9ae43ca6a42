# SPDX-License-Identifier: Apache-2.0
"""Answers of a model, stored as they come.

An interrupted evaluation goes on where it stopped, and no rule or threshold needs the networks
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from llmseg_core.config import SelectionConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.types import ProposalScores

from ..data import DataSample
from ..data.coco_masks import decode_mask, encode_mask
from .answers import SampleAnswers, ScoredProposals, Segmenter
from .asking import asked_text
from .json_lines import JsonLines
from .prediction_record import prediction_of, prediction_record

__all__ = ["PipelineAnswers", "SegmenterAnswers"]


class PipelineAnswers:
    """Answers of LLM-Seg: proposals and scores are stored, the rule is applied afterwards.

    Args:
        pipeline: the model.
        file: where scores are kept, one line a sample.
        selection: the rule and its thresholds; None takes the model's.
        wording: around phrases and class names, see `asked_text`.
    """

    def __init__(
        self,
        pipeline: LLMSegPipeline,
        file: JsonLines,
        selection: SelectionConfig | None = None,
        wording: str = "{name}",
    ) -> None:
        self.pipeline = pipeline
        self.file = file
        self.selection = selection or pipeline.config.selection
        self.wording = wording

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`; raises ValueError for a question that the VLM cannot take."""
        texts = [asked_text(question, self.wording) for question in sample.questions]
        if sample.name not in self.file:
            self.file.add(sample.name, self._ask(sample, texts))
        record = self.file[sample.name]
        _check_texts(self.file, sample, record, texts)
        scored = _scored_proposals(record, _size(sample))
        return SampleAnswers(scored.predict(self.selection), scored)

    def finish(self) -> None:
        """Everything was said already."""

    def _ask(self, sample: DataSample, texts: Sequence[str]) -> dict[str, Any]:
        try:
            frame = self.pipeline.encode_frame(sample.image)
            answers = self.pipeline.segment_batch(frame, texts)
        except ValueError as error:
            raise ValueError(f"sample {sample.name}: {error}") from error
        return {
            "texts": texts,
            "proposals": [encode_mask(mask) for mask in frame.proposals.masks.cpu().numpy()],
            "iou_score": [answer.candidates.iou_score.tolist() for answer in answers],
            "iop": [answer.candidates.iop.tolist() for answer in answers],
        }


class SegmenterAnswers:
    """Answers of any other method, mask by mask.

    Args:
        segmenter: the method.
        file: where masks are kept, one line a sample.
        wording: around phrases and class names, see `asked_text`.
    """

    def __init__(self, segmenter: Segmenter, file: JsonLines, wording: str = "{name}") -> None:
        self.segmenter = segmenter
        self.file = file
        self.wording = wording

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        texts = [asked_text(question, self.wording) for question in sample.questions]
        if sample.name not in self.file:
            given = [self.segmenter.segment(sample.image, text) for text in texts]
            records = [prediction_record(each.mask, each.confidence) for each in given]
            self.file.add(sample.name, {"texts": texts, "answers": records})
        record = self.file[sample.name]
        _check_texts(self.file, sample, record, texts)
        size = _size(sample)
        return SampleAnswers(tuple(prediction_of(each, size) for each in record["answers"]))

    def finish(self) -> None:
        """Everything was said already."""


def _check_texts(
    file: JsonLines, sample: DataSample, record: dict[str, Any], texts: Sequence[str]
) -> None:
    if record["texts"] != list(texts):
        raise ValueError(
            f"{file.path} answers other questions about {sample.name} than the data asks now: "
            f"remove it or write to another folder"
        )


def _scored_proposals(record: dict[str, Any], size: tuple[int, int]) -> ScoredProposals:
    codes = record["proposals"]
    proposed = tuple(codes[0]["size"]) if codes else size  # smaller where the image was shrunk
    masks = [decode_mask(code, proposed) for code in codes]
    shape = len(record["texts"]), len(masks)
    iou_score, iop = (
        torch.tensor(record[name], dtype=torch.float32).reshape(shape)
        for name in ("iou_score", "iop")
    )
    stacked = torch.from_numpy(np.array(masks, dtype=bool).reshape(-1, *proposed))
    return ScoredProposals(stacked, ProposalScores(iou_score, iop), size)


def _size(sample: DataSample) -> tuple[int, int]:
    """(H, W) of the image."""
    return sample.image.shape[0], sample.image.shape[1]
