# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.counting import count_calls
from helpers.selection_rules import every_rule
from llmseg_core import FrameEncoding, LLMSegPipeline, Proposals, SelectionConfig, SelectionRule
from llmseg_core.model_dir.parts import ModelParts

TOP = SelectionConfig(SelectionRule.TOP_IOU)


def without_proposals(parts: ModelParts) -> LLMSegPipeline:
    """SAM finds nothing good enough."""
    strict = replace(parts.config.proposals, pred_iou_thresh=1e9)
    return LLMSegPipeline.from_parts(replace(parts, config=replace(parts.config, proposals=strict)))


def test_answer_to_one_instruction(pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    answer = pipeline.segment(image, "the cup", TOP)
    assert answer.instruction == "the cup"
    assert answer.found
    assert answer.mask.shape == (48, 64)
    assert answer.mask.dtype == np.bool_
    count = len(answer.candidates)
    assert 1 <= count <= 5
    assert answer.candidates.iop.shape == (count,)
    (index,) = answer.selection.indices
    assert index == int(answer.candidates.iou_score.argmax())
    assert answer.confidence == pytest.approx(float(answer.candidates.iop[index]))
    assert answer.mask.sum() == answer.candidates.areas_px[index]
    assert answer.total_ms >= max(answer.timings_ms.values())
    assert list(answer.timings_ms) == [
        "proposals", "embeddings", "image_prefix", "seg_token", "selection",
    ]  # fmt: skip


def test_mask_is_the_union_of_the_selected_proposals(
    pipeline: LLMSegPipeline, image: np.ndarray
) -> None:
    frame = pipeline.encode_frame(image)
    everything = SelectionConfig(SelectionRule.IOP, iop_threshold=0.0)
    answer = pipeline.segment(frame, "the cup", everything)
    assert set(answer.selection.indices) == set(range(len(frame.proposals)))
    assert (answer.mask == frame.proposals.masks.any(0).numpy()).all()


def test_nothing_found_keeps_the_scores(pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    answer = pipeline.segment(image, "the cup", SelectionConfig(min_confidence=1.0))
    assert not answer.found
    assert not answer.mask.any()
    assert answer.box_px is None
    assert answer.candidates.iop.numel() > 0


def test_second_instruction_runs_no_vision_again(
    pipeline: LLMSegPipeline, parts: ModelParts, image: np.ndarray
) -> None:
    frame = pipeline.encode_frame(image)
    vision = (parts.sam.vision_encoder.neck, parts.dinov2, parts.llava.model.vision_tower)
    with count_calls(*vision) as counts:
        pipeline.segment(frame, "the cup")
        pipeline.segment(frame, "the tool")
        assert counts == [0, 0, 0]
        pipeline.segment(image, "the cup")
        assert counts == [1, 1, 1]


def test_frame_gives_the_same_answer_as_the_image(
    pipeline: LLMSegPipeline, image: np.ndarray
) -> None:
    frame = pipeline.encode_frame(image)
    pipeline.segment(frame, "something else")
    once, again = pipeline.segment(frame, "the cup", TOP), pipeline.segment(image, "the cup", TOP)
    torch.testing.assert_close(once.candidates.iop, again.candidates.iop, atol=1e-5, rtol=0)
    assert (once.mask == again.mask).all()


def test_batch_equals_one_by_one(pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    frame = pipeline.encode_frame(image)
    texts = ["the cup", "a longer text about the red cup", "tool"]
    for text, answer in zip(texts, pipeline.segment_batch(frame, texts), strict=True):
        alone = pipeline.segment(frame, text)
        assert answer.instruction == text
        torch.testing.assert_close(answer.candidates.iop, alone.candidates.iop, atol=1e-5, rtol=0)
        assert answer.selection.indices == alone.selection.indices
    assert pipeline.segment_batch(frame, []) == []


def test_image_without_proposals(parts: ModelParts, image: np.ndarray) -> None:
    pipeline = without_proposals(parts)
    frame = pipeline.encode_frame(image)
    assert len(frame.proposals) == 0
    for config in every_rule():
        answer = pipeline.segment(frame, "the cup", config)
        assert not answer.found
        assert answer.confidence == 0.0
        assert answer.mask.shape == (48, 64)
        assert not answer.mask.any()
        assert answer.candidates.iop.shape == (0,)


def test_stored_proposals_take_the_place_of_live_ones(
    parts: ModelParts, pipeline: LLMSegPipeline, image: np.ndarray
) -> None:
    masks = torch.zeros(2, 48, 64, dtype=torch.bool)
    masks[0, 8:24, 6:22] = True
    masks[1, 20:40, 30:50] = True
    stored = LLMSegPipeline(
        lambda image: Proposals.from_masks(masks),
        pipeline.mask_embedder,
        pipeline.seg_token_encoder,
        parts.selector,
        parts.config,
    )
    answer = stored.segment(image, "the cup", TOP)
    assert answer.box_px in ((6, 8, 21, 23), (30, 20, 49, 39))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((0, 5, 3), np.uint8), "at least 1 pixel"),
        (np.zeros((5, 5), np.uint8), r"shape \(5, 5\)"),
        (np.zeros((5, 5, 4), np.uint8), r"shape \(5, 5, 4\)"),
        (np.zeros((5, 5, 3), np.float32), "dtype float32"),
        ([[0]], "is a list"),
    ],
)
def test_wrong_images(pipeline: LLMSegPipeline, image: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline.encode_frame(image)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(pipeline: LLMSegPipeline, size: tuple[int, int]) -> None:
    answer = pipeline.segment(np.full((*size, 3), 9, np.uint8), "the cup", TOP)
    assert answer.mask.shape == size


def test_empty_instruction(pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the instruction is empty"):
        pipeline.segment(image, "  ")


def test_frame_must_be_consistent(pipeline: LLMSegPipeline, image: np.ndarray) -> None:
    frame = pipeline.encode_frame(image)
    with pytest.raises(ValueError, match="one embedding a proposal"):
        FrameEncoding(frame.proposals[:0], frame.embeddings, frame.mask_embeddings, frame.prefix)
