# SPDX-License-Identifier: Apache-2.0
"""Answers of a model, stored as they come.

An interrupted evaluation goes on where it stopped, and no rule or threshold needs the networks
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from llmseg_core.config import Calibration, SelectionConfig
from llmseg_core.images.run_lengths import decode_runs, encode_mask
from llmseg_core.types import ProposalScores
from llmseg_core.vlm.prompts import UnaskableError

from ..data import DataSample
from .answers import Prediction, SampleAnswers, ScoredProposals, ScoringMethod, Segmenter
from .asking import asked_text
from .prediction_record import prediction_of, prediction_record
from .records import Records

__all__ = ["PipelineAnswers", "SegmenterAnswers"]


class PipelineAnswers:
    """Answers of a method whose rule selects candidates by scores, as LLM-Seg's does.

    Candidates and scores are kept, the rule is applied afterwards.

    Args:
        method: the model.
        file: where scores are kept, one line a sample; None keeps nothing.
        selection: the rule and its thresholds; None takes the model's.
        wording: around phrases and class names, see `asked_text`.
    """

    def __init__(
        self,
        method: ScoringMethod,
        file: Records | None = None,
        selection: SelectionConfig | None = None,
        wording: str = "{name}",
    ) -> None:
        self.method = method
        self.file = file
        self.selection = selection or method.selection
        self.wording = wording

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`.

        Raises:
            ValueError: naming the sample, if the method cannot take a question or gives scores
                that are no finite numbers.
        """
        texts = [asked_text(question, self.wording) for question in sample.questions]
        scored = self._scored(sample, texts)
        scored.check(sample.name)
        return SampleAnswers(scored.predict(self.selection), scored)

    def finish(self) -> None:
        """Everything was said already."""

    def _scored(self, sample: DataSample, texts: Sequence[str]) -> ScoredProposals:
        """The candidates' scores, from the file if they are there."""
        if self.file is not None and sample.name in self.file:
            record = _record(self.file, sample, texts)
            return _read_scores(record, _size(sample), self.method.calibration)
        with _naming(sample):
            frame = self.method.encode_frame(sample.image)
            candidates = [each.candidates for each in self.method.segment_batch(frame, texts)]
        scored = ScoredProposals(
            candidates[0].masks,
            ProposalScores(
                torch.stack([each.iou_score for each in candidates]),
                torch.stack([each.iop for each in candidates]),
                candidates[0].quality,
            ),
            _size(sample),
            self.method.calibration,
        )
        scored.check(sample.name)
        if self.file is not None:
            self.file.add(sample.name, _written_scores(texts, scored))
        return scored


class SegmenterAnswers:
    """Answers of any other method, mask by mask.

    Args:
        segmenter: the method.
        file: where masks are kept, one line a sample.
        wording: around phrases and class names, see `asked_text`.
    """

    def __init__(self, segmenter: Segmenter, file: Records, wording: str = "{name}") -> None:
        self.segmenter = segmenter
        self.file = file
        self.wording = wording

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`; raises ValueError as `PipelineAnswers` does."""
        texts = [asked_text(question, self.wording) for question in sample.questions]
        if sample.name not in self.file:
            with _naming(sample):
                frame = self.segmenter.encode_frame(sample.image)
                given = self.segmenter.segment_batch(frame, texts)
            answers = SampleAnswers(
                tuple(Prediction(each.mask, each.confidence, each.reason) for each in given)
            )
            answers.check(sample.name)
            records = [prediction_record(each) for each in answers.predictions]
            self.file.add(sample.name, {"texts": texts, "answers": records})
        record, size = _record(self.file, sample, texts), _size(sample)
        return SampleAnswers(tuple(prediction_of(each, size) for each in record["answers"]))

    def finish(self) -> None:
        """Everything was said already."""


def _record(file: Records, sample: DataSample, texts: Sequence[str]) -> Mapping[str, Any]:
    """What was stored about a sample, which must be what it is asked now."""
    record = file[sample.name]
    if record["texts"] != list(texts):
        raise ValueError(
            f"{file} answers other questions about {sample.name} than the data asks now: "
            f"remove it or write to another folder"
        )
    return record


def _written_scores(texts: Sequence[str], scored: ScoredProposals) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "texts": list(texts),
        "proposals": [encode_mask(mask) for mask in scored.masks.cpu().numpy()],
        "iou_score": scored.scores.iou_score.tolist(),
        "iop": scored.scores.iop.tolist(),
        "quality": scored.scores.quality.tolist(),
    }


def _read_scores(
    record: Mapping[str, Any], size: tuple[int, int], calibration: Calibration | None
) -> ScoredProposals:
    """What `_written_scores` wrote."""
    codes = record["proposals"]
    proposed = tuple(codes[0]["size"]) if codes else size  # smaller where the image was shrunk
    masks = [decode_runs(code, proposed) for code in codes]
    shape = len(record["texts"]), len(masks)
    iou_score, iop = (
        torch.tensor(record[name], dtype=torch.float32).reshape(shape)
        for name in ("iou_score", "iop")
    )
    quality = torch.tensor(record.get("quality", []), dtype=torch.float32)  # not always written
    stacked = torch.from_numpy(np.array(masks, dtype=bool).reshape(-1, *proposed))
    return ScoredProposals(stacked, ProposalScores(iou_score, iop, quality), size, calibration)


@contextmanager
def _naming(sample: DataSample) -> Iterator[None]:
    """Name the sample in what a method refuses."""
    try:
        yield
    except UnaskableError:
        raise
    except ValueError as error:
        raise ValueError(f"sample {sample.name}: {error}") from error


def _size(sample: DataSample) -> tuple[int, int]:
    """(H, W) of the image."""
    return sample.image.shape[0], sample.image.shape[1]
