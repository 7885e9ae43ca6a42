# SPDX-License-Identifier: Apache-2.0
"""A whole evaluation with the tiny model, and what an interruption leaves."""

from __future__ import annotations

import gc
import json
import math
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from llmseg_core import LLMSegPipeline, MaskIoUMetric
from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.images.run_lengths import encode_mask
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.types import Segmentation
from llmseg_training.data import BrokenSampleError, DataSample
from llmseg_training.data.folder import FolderData
from llmseg_training.data.readable import BrokenPolicy
from llmseg_training.evaluate import (
    Evaluation,
    PipelineAnswers,
    SampleAnswers,
    SegmenterAnswers,
    evaluate,
    paper_rules,
    score_cases,
    sweep_settings,
)
from llmseg_training.evaluate.json_lines import JsonLines

ABOUT = {"model": "tiny", "data": "small"}
TOP = SelectionConfig(SelectionRule.TOP_IOU)


@pytest.fixture(scope="module")
def pipeline(parts: ModelParts) -> LLMSegPipeline:
    return LLMSegPipeline.from_parts(parts)


class Counting:
    """Counts what a pipeline is asked."""

    calibration = None

    def __init__(self, pipeline: LLMSegPipeline) -> None:
        self.pipeline, self.selection, self.frames = pipeline, pipeline.selection, 0
        self.calibration = pipeline.calibration
        self.segment_batch = pipeline.segment_batch

    def encode_frame(self, image: np.ndarray) -> object:
        self.frames += 1
        return self.pipeline.encode_frame(image)


def run(
    pipeline: object,
    data: FolderData,
    path: Path,
    selection: SelectionConfig = TOP,
    settings: tuple[SelectionConfig, ...] = (),
    indices: Sequence[int] | None = None,
) -> Evaluation:
    source = PipelineAnswers(pipeline, JsonLines(path, ABOUT), selection)  # type: ignore[arg-type]
    return evaluate(data, source, indices, settings)


def test_scores_are_those_of_the_pipelines_answers(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    found = run(pipeline, small_data, tmp_path / "scores.jsonl")
    metric = MaskIoUMetric()
    for sample in small_data:
        for question in sample.questions:
            answer = pipeline.segment(sample.image, question.text, TOP)
            metric.update(answer.mask, question.mask, question.ignore)
    scores = score_cases(found.cases)
    assert {name: scores[name] for name in ("giou", "ciou", "nciou")} == metric.compute()
    assert [case.text for case in found.cases] == [
        question.text for sample in small_data for question in sample.questions
    ]
    assert [case.has_target for case in found.cases].count(False) == 1
    for case in found.cases:
        assert case.bounds is not None
        assert 0 <= case.bounds.random <= case.bounds.best <= case.bounds.union <= 1
        if case.has_target:  # the rule takes one proposal
            assert case.iou <= case.bounds.best + 1e-9
    assert found.indices == {"a": 0, "more/b": 1, "c": 2}


def test_what_was_answered_is_not_asked_again(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path, whole = tmp_path / "scores.jsonl", tmp_path / "whole.jsonl"
    counting = Counting(pipeline)
    run(counting, small_data, path, indices=[0])
    assert counting.frames == 1
    resumed = run(counting, small_data, path)
    assert counting.frames == 3
    assert run(counting, small_data, path) == resumed
    assert counting.frames == 3
    assert resumed == run(pipeline, small_data, whole)
    assert path.read_bytes() == whole.read_bytes()


def test_every_setting_scores_as_it_would_alone(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    base = replace(TOP, top_k=2)
    settings = tuple(sweep_settings(base))
    assert len(settings) == len(set(settings)) == 4 * 19
    swept = run(pipeline, small_data, path, settings=settings).sweep
    assert tuple(row.config for row in swept) == settings
    assert len({tuple(row.scores.values()) for row in swept}) > 3
    for row in swept[9::19]:
        scores = score_cases(run(pipeline, small_data, path, row.config).cases)
        for name in ("giou", "ciou", "nciou", "no_target_accuracy"):
            assert row.scores[name] == pytest.approx(scores[name], abs=1e-12)


def test_the_papers_four_rules() -> None:
    base = SelectionConfig(iop_threshold=0.4, top_k=3, min_confidence=0.2)
    rules = paper_rules(base)
    assert [config.rule.value for config in rules] == [
        "top_iou", "iop", "top_iou_or_iop", "iop_among_top"
    ]  # fmt: skip
    assert {(each.iop_threshold, each.top_k, each.min_confidence) for each in rules} == {
        (0.4, 3, 0.2)
    }


def test_any_segmenter_is_judged_alike(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    own = run(pipeline, small_data, tmp_path / "own.jsonl", pipeline.config.selection)
    path = tmp_path / "any.jsonl"
    for _ in range(2):  # from the networks, then from the file
        source = SegmenterAnswers(pipeline, JsonLines(path, ABOUT))
        found = evaluate(small_data, source)
        assert [case.counts for case in found.cases] == [case.counts for case in own.cases]
        assert [case.confidence for case in found.cases] == [case.confidence for case in own.cases]
        assert all(case.bounds is None for case in found.cases)


def test_what_sam_predicts_of_proposals_is_stored(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    sample = small_data[0]
    frame = pipeline.encode_frame(sample.image)
    expected = frame.proposals.predicted_iou
    assert len(expected) > 1
    for _ in range(2):  # by the model, then from the file
        file = JsonLines(tmp_path / "scores.jsonl", ABOUT)
        proposals = PipelineAnswers(pipeline, file).answer(sample).proposals
        assert proposals is not None
        assert torch.equal(proposals.scores[0].quality, expected)
    answer = pipeline.segment(frame, sample.questions[0].text)
    assert torch.equal(answer.candidates.scores.quality, expected)


def test_answers_to_other_questions_are_refused(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    run(pipeline, small_data, path)
    source = PipelineAnswers(pipeline, JsonLines(path, ABOUT), wording="What is {name}?")
    with pytest.raises(ValueError, match="answers other questions about a than"):
        evaluate(small_data, source)


def test_a_question_that_is_too_long_is_named(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    source = PipelineAnswers(
        pipeline, JsonLines(tmp_path / "scores.jsonl", ABOUT), wording="x " * 300 + "{name}"
    )
    with pytest.raises(ValueError, match=r"sample 'a': .*token"):
        evaluate(small_data, source)


class Wrong:
    """A pipeline that is sure of nothing about its second image."""

    calibration = None

    def __init__(self, pipeline: LLMSegPipeline) -> None:
        self.pipeline, self.selection, self.frames = pipeline, pipeline.selection, 0
        self.calibration = pipeline.calibration

    def encode_frame(self, image: np.ndarray) -> object:
        self.frames += 1
        return self.pipeline.encode_frame(image)

    def segment_batch(self, frame: Any, instructions: Sequence[str]) -> list[Segmentation]:
        answers = self.pipeline.segment_batch(frame, instructions)
        if self.frames == 1:
            return answers
        candidates = answers[1].candidates
        iop = torch.full_like(candidates.iop, math.nan)
        answers[1] = replace(
            answers[1],
            candidates=replace(candidates, iop=iop),
            selection=replace(answers[1].selection, confidence=math.nan),
        )
        return answers


def test_answers_that_are_no_numbers_are_refused_and_not_written(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    with pytest.raises(ValueError, match="sample more/b, question 1: the iop of proposal 0 is nan"):
        run(Wrong(pipeline), small_data, path)
    assert "NaN" not in path.read_text()
    assert len(JsonLines(path, ABOUT)) == 1
    masks = JsonLines(tmp_path / "masks.jsonl", ABOUT)
    with pytest.raises(ValueError, match="sample more/b, question 1: the confidence is nan"):
        evaluate(small_data, SegmenterAnswers(Wrong(pipeline), masks))
    assert len(masks) == 1


def test_stored_scores_that_are_no_numbers_are_refused(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    run(pipeline, small_data, path)
    lines = path.read_text().splitlines(keepends=True)
    record = json.loads(lines[2])
    record["iou_score"][0][2] = math.nan
    path.write_text("".join([*lines[:2], json.dumps(record) + "\n", lines[3]]))
    with pytest.raises(ValueError, match="more/b, question 0: the iou_score of proposal 2 is nan"):
        run(pipeline, small_data, path)


class Watching:
    """Passes answers on, and counts how many are in use when the next are asked for."""

    def __init__(self, source: PipelineAnswers) -> None:
        self.source = source
        self.given: list[weakref.ref[SampleAnswers]] = []
        self.in_use: list[int] = []

    def answer(self, sample: DataSample) -> SampleAnswers:
        gc.collect()
        self.in_use.append(sum(each() is not None for each in self.given))
        answers = self.source.answer(sample)
        self.given.append(weakref.ref(answers))
        return answers

    def finish(self) -> None:
        self.source.finish()


def test_no_more_than_one_images_answers_are_kept(
    pipeline: LLMSegPipeline, small_data: FolderData
) -> None:
    source = Watching(PipelineAnswers(pipeline))
    found = evaluate(small_data, source, settings=paper_rules(TOP))
    assert len(found.cases) == 7
    assert len(source.in_use) == 3
    assert max(source.in_use) <= 1
    gc.collect()
    assert not any(each() for each in source.given)


def test_nothing_need_be_stored(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    stored = run(pipeline, small_data, tmp_path / "scores.jsonl", settings=paper_rules(TOP))
    assert evaluate(small_data, PipelineAnswers(pipeline, None, TOP), None, paper_rules(TOP)) == (
        stored
    )


def test_scores_stored_in_this_form_stay_readable(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    sample = small_data[2]
    both = sample.questions[0].mask
    record = {
        "name": "c",
        "texts": [question.text for question in sample.questions],
        "proposals": [encode_mask(both), encode_mask(np.zeros_like(both))],
        "iou_score": [[0.5, 0.25], [0.125, -1.0]],
        "iop": [[1.0, 0.0], [0.25, 0.0]],
    }
    path.write_text(f"{json.dumps(ABOUT)}\n{json.dumps(record)}\n")
    counting = Counting(pipeline)
    cases = run(counting, small_data, path, SelectionConfig(), indices=[2]).cases
    assert counting.frames == 0
    assert [case.iou for case in cases] == [1, 0]
    assert [case.confidence for case in cases] == [1, 0.25]


class WithBroken:
    """`FolderData` whose second sample cannot be read."""

    name = "broken"

    def __init__(self, data: FolderData) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> object:
        if index == 1:
            raise BrokenSampleError(self.name, "more/b", "it is gone")
        return self.data[index]


def test_broken_samples_are_fatal_or_counted(
    pipeline: LLMSegPipeline, small_data: FolderData, tmp_path: Path
) -> None:
    data = WithBroken(small_data)
    source = PipelineAnswers(pipeline, JsonLines(tmp_path / "scores.jsonl", ABOUT))
    with pytest.raises(BrokenSampleError, match="it is gone"):
        evaluate(data, source)
    found = evaluate(data, source, policy=BrokenPolicy.SKIP)
    assert [error.sample for error in found.broken] == ["more/b"]
    assert {case.sample for case in found.cases} == {"a", "c"}
    with pytest.raises(ValueError, match="broken has no image that can be evaluated"):
        evaluate(data, source, [])
