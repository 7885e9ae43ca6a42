# SPDX-License-Identifier: Apache-2.0
"""What only a GPU can show of inference; `make check-gpu` runs these."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.original_proposals import assert_same, original_records
from helpers.original_sam import original_sam
from llmseg_core import LLMSegPipeline, RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.benchmark.inputs import benchmark_frames
from llmseg_core.benchmark.proposals import full_float32
from llmseg_core.config import ProposalConfig
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.model_dir.networks import build_selector, embedded_config
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.recorded import Recorded
from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Proposals
from llmseg_core.vlm.llava_vlm import LlavaVlm

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
]
GPU = torch.device("cuda:0")
MANY = ProposalConfig(
    points_per_side=8, pred_iou_thresh=0.5, stability_score_thresh=0.5, max_proposals=50
)
TOP = SelectionConfig(SelectionRule.TOP_IOU, accept_unfamiliar=True)  # drawings are
FRAMES = benchmark_frames((320, 240), None, 3)


def pipeline(dtype: str = "float32", **options: object) -> LLMSegPipeline:
    runtime = RuntimeConfig(device="cuda", dtype=dtype, **options)  # type: ignore[arg-type]
    return LLMSegPipeline.from_pretrained("embedded", runtime)


def recorded_passes(ours: LLMSegPipeline) -> list[Recorded]:
    """DINOv2's and the VLM's; SAM's is out of reach."""
    vlm, embedder = ours.seg_token_encoder.vlm, ours.mask_embedder
    assert isinstance(vlm, LlavaVlm)
    assert isinstance(embedder, PooledMaskEmbedder)
    assert isinstance(embedder.image_encoder, Dinov2Encoder)
    passes = embedder.image_encoder._recorded, vlm._recorded_take_in, vlm._recorded_read_on
    return [each for each in passes if each is not None]


def matched(ours: Proposals, other: Proposals) -> float:
    """Mean IoU of each of our masks with the best of the others."""
    return float(pairwise_iou(ours.masks.cpu(), other.masks.cpu()).amax(1).mean())


@pytest.mark.parametrize("crops", [0, 1])
def test_everything_mode_gives_the_masks_of_the_original_package(crops: int) -> None:
    config = replace(MANY, crop_n_layers=crops)
    sam = original_sam().to(GPU)
    ours = SamProposalGenerator(sam_from_original(sam.state_dict()).to(GPU), config)
    with full_float32():
        for frame in FRAMES:
            assert_same(ours.propose(frame).to("cpu"), original_records(sam, config, frame))


def test_a_small_budget_changes_no_mask_and_is_kept() -> None:
    sam = sam_from_original(original_sam().state_dict()).to(GPU)
    free = SamProposalGenerator(sam, MANY).propose(FRAMES[0])
    small = SamProposalGenerator(sam, MANY, memory_budget_mb=24)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats(GPU)
    before = torch.cuda.memory_allocated(GPU)
    found = small.propose(FRAMES[0])
    taken = torch.cuda.max_memory_allocated(GPU) - before
    assert torch.equal(found.masks, free.masks)
    assert taken < (24 + 16) * 2**20  # the image encoder comes on top


def test_float32_answers_as_on_a_cpu() -> None:
    on_gpu, on_cpu = pipeline(), LLMSegPipeline.from_pretrained("embedded")
    for frame in FRAMES:
        one, other = (each.encode_frame(frame) for each in (on_gpu, on_cpu))
        assert len(one.proposals) == len(other.proposals)
        assert matched(one.proposals, other.proposals) > 0.999
        for text in ("the red cup", "something to write with"):
            ours, theirs = on_gpu.segment(one, text, TOP), on_cpu.segment(other, text, TOP)
            torch.testing.assert_close(
                ours.candidates.iop, theirs.candidates.iop, atol=2e-3, rtol=0
            )
            assert ours.found
            assert ours.mask.dtype == bool


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_finds_much_the_same(dtype: str) -> None:
    near, exact = pipeline(dtype), pipeline()
    assert near.generator.model.dtype == getattr(torch, dtype)
    for frame in FRAMES:
        found, wanted = near.encode_frame(frame), exact.encode_frame(frame)
        assert matched(wanted.proposals, found.proposals) > 0.9
        assert near.segment(found, "the red cup").candidates.iop.isfinite().all()


def test_compiled_finds_much_the_same() -> None:
    near, exact = pipeline(compile=True), pipeline()
    found, wanted = near.encode_frame(FRAMES[0]), exact.encode_frame(FRAMES[0])
    assert matched(wanted.proposals, found.proposals) > 0.99


def test_recorded_passes_give_the_same_to_the_bit() -> None:
    texts = ("the red cup", "something that I can pour hot tea into", "the cup", "a", "the red cup")
    plain, recorded = pipeline(cuda_graphs=False), pipeline()
    for each in (plain, recorded):  # else hooks watch the networks, and nothing is recorded
        each.familiarity = None
    gc.collect()
    for number in range(9):
        frame = FRAMES[number % len(FRAMES)]
        one, other = plain.encode_frame(frame), recorded.encode_frame(frame)
        assert torch.equal(one.proposals.masks, other.proposals.masks)
        assert torch.equal(one.mask_embeddings, other.mask_embeddings)
        recorded.seg_token_encoder.encode_image(FRAMES[0])  # leaves `other` as it is
        for text in texts:
            ours, theirs = plain.segment(one, text, TOP), recorded.segment(other, text, TOP)
            found, wanted = theirs.candidates.iop, ours.candidates.iop
            torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)
            assert (ours.mask == theirs.mask).all()
    passes = recorded_passes(recorded)
    assert all(each._recordings for each in passes)
    assert not any(each._failed for each in passes)


def test_the_vlm_beside_sam_gives_what_it_gives_alone() -> None:
    ours = pipeline()
    alone = [ours.seg_token_encoder.encode_image(frame) for frame in FRAMES]
    torch.cuda.synchronize()
    for number in range(12):  # a race would show now and then
        frame = ours.encode_frame(FRAMES[number % len(FRAMES)])
        wanted = alone[number % len(FRAMES)]
        ones, others = (*frame.prefix.keys, *frame.prefix.values), (*wanted.keys, *wanted.values)
        for one, other in zip(ones, others, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_large_frame_is_enlarged_on_the_cpu_alone() -> None:
    ours = pipeline()
    large = benchmark_frames((1920, 1080), None, 1)[0]
    frame = ours.encode_frame(large)
    assert frame.proposals.masks.device.type == "cuda"
    assert max(frame.proposals.masks.shape[1:]) == 1024
    assert frame.areas_px.device.type == frame.boxes_px.device.type == "cpu"
    assert ours.segment(frame, "the red cup", TOP).mask.shape == (1080, 1920)


def test_a_model_comes_back_from_the_gpu(tmp_path: Path) -> None:
    ours = pipeline("bfloat16")
    ours.save_pretrained(tmp_path / "model")
    again = LLMSegPipeline.from_pretrained(tmp_path / "model")
    assert again.device.type == "cpu"
    assert again.segment(FRAMES[0], "the red cup", TOP).mask.shape == (240, 320)


def test_random_weights_leave_the_gpus_generator_alone() -> None:
    before = torch.cuda.get_rng_state(GPU)
    build_selector(embedded_config().selector, seed=5)
    with GPU:
        build_selector(embedded_config().selector, seed=6)
    assert torch.equal(torch.cuda.get_rng_state(GPU), before)


def test_stage_times_are_the_devices() -> None:
    timer = StageTimer(GPU)
    matrix = torch.randn(4096, 4096, device=GPU)
    with timer.stage("product"):
        for _ in range(20):
            matrix = matrix @ matrix
            matrix = matrix / matrix.norm()
    assert timer.timings_ms["product"] > 1
    assert np.isfinite(timer.timings_ms["product"])
