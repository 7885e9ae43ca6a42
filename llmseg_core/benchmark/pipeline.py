# SPDX-License-Identifier: Apache-2.0
"""The pipeline stage by stage, beside the method as published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm
from transformers import LlavaConfig

from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.metrics.mask_iou import mask_iou
from llmseg_core.reference.full_size import FullSizeProposals
from llmseg_core.reference.pipeline import ReferencePipeline
from llmseg_core.runtime.compute_rate import ComputeRate
from llmseg_core.types import FrameEncoding
from llmseg_core.vlm.prompts import FIXED_ANSWER

from .flops import (
    clip_flops,
    dinov2_flops,
    llama_flops,
    pooling_flops,
    projector_flops,
    sam_encoder_flops,
    sam_points_flops,
    selector_flops,
)
from .models import INSTRUCTIONS, BenchmarkModel
from .report import (
    StageRow,
    Timing,
    machine,
    peak_memory_mb,
    print_table,
    reset_peak_memory,
    timed,
)

__all__ = ["measure_pipeline"]

BEST = SelectionConfig(SelectionRule.TOP_IOU)
"""Always one proposal, so that answers can be compared."""
AGREES = 0.999
"""IoU from which two answers are the same."""

VLM = "vlm"
"""Image prefix and seg token together: the reference knows no such parts."""
NEW_FRAME = "new frame to mask"
NEW_INSTRUCTION = "new instruction"
SUMS = (VLM, NEW_FRAME, NEW_INSTRUCTION)


def measure_pipeline(
    model: BenchmarkModel,
    frames: Sequence[np.ndarray],
    repeats: int,
    rate: ComputeRate,
    with_reference: bool = True,
    plain: bool = False,
) -> tuple[dict[str, Any], list[StageRow]]:
    """New frames with an instruction each, then a new instruction on the frame that is known.

    Args:
        model: to measure.
        frames: images to go round.
        repeats: frames to measure.
        rate: for the lower bounds.
        with_reference: whether to run the published way as well.
        plain: its everything mode, see `reference_generator`.

    Returns:
        The report for JSON, and the stages.
    """
    reference = ReferencePipeline(model.parts, plain) if with_reference else None
    former = _former_way(model, frames)
    run = _run(model, reference, former, frames, repeats)
    rows = {
        name: StageRow(
            name,
            Timing.of(values),
            Timing.of(run.theirs[name]) if name in run.theirs else None,
            rate.milliseconds(run.flops[name]),
        )
        for name, values in run.ours.items()
    }
    new_frame, new_instruction = rows[NEW_FRAME], rows[NEW_INSTRUCTION]
    kept = int(np.median(run.kept))
    cheaper = round(new_frame.ours.median / new_instruction.ours.median, 1)
    report: dict[str, Any] = {
        "new_frame_ms": new_frame.ours.median,
        "new_instruction_ms": new_instruction.ours.median,
        "instruction_speedup": cheaper,
        "stages": {name: row.record() for name, row in rows.items() if name not in SUMS},
        "vlm": rows[VLM].record(),
        "new_frame": new_frame.record(),
        "new_instruction": new_instruction.record(),
        "proposals": kept,
        "peak_memory_mb": run.memory["ours"],
    }
    lines = [
        f"{kept} proposals a frame; a new instruction on a known frame is {cheaper} times cheaper "
        f"than the first; peak memory {run.memory['ours']:.0f} MB"
    ]
    if reference is not None:
        lowest = min(run.answers)
        report |= {
            "reference": f"method as published, {reference.generator.name}",
            "speedup_new_frame": new_frame.ratio,
            "speedup_new_instruction": new_instruction.ratio,
            "answers_agree": lowest >= AGREES,
            "min_answer_iou": lowest,
            "reference_peak_memory_mb": run.memory["reference"],
        }
        same = "the same answers" if lowest >= AGREES else "NOT the same answers"
        lines += [
            f"reference: {report['reference']}, peak memory {run.memory['reference']:.0f} MB",
            f"{new_frame.ratio} times as fast for a new frame, {new_instruction.ratio} for a new "
            f"instruction; {same} (lowest IoU {lowest:.4f})",
        ]
    if former is not None:
        report |= _beside_former(rows, run)
        lines.append(
            f"every mask enlarged to the image first: {report['former_new_frame']['median_ms']:g} "
            f"ms a new frame, {report['former_new_instruction']['median_ms']:g} ms a new "
            f"instruction; ours {report['times_former_new_frame']} and "
            f"{report['times_former_new_instruction']} times as fast"
        )
    title = f"Pipeline on {machine(model.pipeline.device)['device']}"
    print_table(title, rows.values(), [*lines, f"bound: {rate.source}"])
    return report, list(rows.values())


def _former_way(model: BenchmarkModel, frames: Sequence[np.ndarray]) -> LLMSegPipeline | None:
    """The pipeline that enlarges every mask; None where no frame is shrunk."""
    if max(max(frame.shape[:2]) for frame in frames) <= model.proposals.max_image_side:
        return None
    ours = model.pipeline
    return LLMSegPipeline(
        FullSizeProposals(ours.generator),
        ours.mask_embedder,
        ours.seg_token_encoder,
        ours.selector,
        ours.config,
    )


def _beside_former(rows: dict[str, StageRow], run: _Run) -> dict[str, Any]:
    """What the report says of the pipeline that enlarges every mask."""
    record: dict[str, Any] = {}
    for key, name in (("new_frame", NEW_FRAME), ("new_instruction", NEW_INSTRUCTION)):
        row = StageRow(name, rows[name].ours, Timing.of(run.former[name]))
        assert row.reference is not None
        record[f"former_{key}"] = row.reference.record()
        record[f"times_former_{key}"] = row.ratio
    record["former_min_answer_iou"] = min(run.former_answers)
    return record


@dataclass
class _Run:
    """Samples in milliseconds by stage, MB, and how alike the answers were."""

    ours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    theirs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    former: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    former_answers: list[float] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    kept: list[int] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    flops: dict[str, int] = field(default_factory=dict)


def _run(
    model: BenchmarkModel,
    reference: ReferencePipeline | None,
    former: LLMSegPipeline | None,
    frames: Sequence[np.ndarray],
    repeats: int,
) -> _Run:
    """Ours, the reference and the former way by turns."""
    run, pipeline, device = _Run(), model.pipeline, model.pipeline.device
    pipeline.segment(frames[-1], INSTRUCTIONS[-1])  # warms up
    for index in tqdm(range(repeats), unit="frame", disable=None):
        image = frames[index % len(frames)]
        first, second = (INSTRUCTIONS[(index + i) % len(INSTRUCTIONS)] for i in (0, 1))
        reset_peak_memory(device)
        frame, encoding = timed(device, pipeline.encode_frame, image)
        answer, asking = timed(device, pipeline.segment, frame, first, BEST)
        _, again = timed(device, pipeline.segment, frame, second, BEST)
        run.memory["ours"] = max(run.memory["ours"], peak_memory_mb(device))
        vlm = answer.timings_ms["image_prefix"] + answer.timings_ms["seg_token"]
        sums = {VLM: vlm, NEW_FRAME: encoding + asking, NEW_INSTRUCTION: again}
        for name, value in {**answer.timings_ms, **sums}.items():
            run.ours[name].append(value)
        run.kept.append(len(frame.proposals))
        run.flops = stage_flops(model, frame, first)
        if former is not None:
            known, encoding = timed(device, former.encode_frame, image)
            enlarged, asking = timed(device, former.segment, known, first, BEST)
            _, again = timed(device, former.segment, known, second, BEST)
            run.former[NEW_FRAME].append(encoding + asking)
            run.former[NEW_INSTRUCTION].append(again)
            run.former_answers.append(mask_iou(answer.mask, enlarged.mask))
        if reference is None:
            continue
        reset_peak_memory(device)
        published, whole = timed(device, reference.segment, image, first, BEST)
        run.memory["reference"] = max(run.memory["reference"], peak_memory_mb(device))
        # it keeps nothing, so the next instruction costs the same
        sums = {NEW_FRAME: whole, NEW_INSTRUCTION: whole}
        for name, value in {**published.timings_ms, **sums}.items():
            run.theirs[name].append(value)
        run.answers.append(mask_iou(answer.mask, published.mask))
    return run


def stage_flops(model: BenchmarkModel, frame: FrameEncoding, instruction: str) -> dict[str, int]:
    """Arithmetic of each stage for one frame and one instruction (see `flops.py`)."""
    parts, vlm = model.parts, model.pipeline.seg_token_encoder
    llava: LlavaConfig = parts.llava.config
    clip, text = llava.vision_config, llava.text_config
    # hidden states are counted with the embeddings as the first, so -2 needs all layers but one
    clip_layers = range(clip.num_hidden_layers + 1)[llava.vision_feature_layer]
    position = int(vlm.training_batch([instruction], [FIXED_ANSWER]).seg_positions[0])
    prefix, count = frame.prefix.length, len(frame.proposals)
    size = parts.config.image_encoder.image_size
    assert parts.dinov2 is not None  # every profile that is measured has it
    cells = size // parts.dinov2.config.patch_size
    features = frame.embeddings.features.shape[1]
    rows, columns = frame.proposals.masks.shape[1:]
    masks_size = int(rows), int(columns)
    points, drawn = model.proposals.points_per_side**2, len(frame.proposals.points.unique(dim=0))
    flops = {
        "proposals": sam_encoder_flops(parts.sam.config.vision_config)
        + sam_points_flops(parts.sam.config, points, drawn),
        "embeddings": dinov2_flops(parts.dinov2.config, size)
        + pooling_flops(masks_size, (cells, cells), features, count),
        "image_prefix": clip_flops(clip, clip_layers)
        + projector_flops(llava)
        + llama_flops(text, prefix),
        "seg_token": llama_flops(text, position + 1 - prefix, prefix),
        "selection": selector_flops(parts.config.selector, count),
    }
    flops[VLM] = flops["image_prefix"] + flops["seg_token"]
    flops[NEW_INSTRUCTION] = flops["seg_token"] + flops["selection"]
    flops[NEW_FRAME] = (
        flops["proposals"] + flops["embeddings"] + flops["image_prefix"] + flops[NEW_INSTRUCTION]
    )
    return flops
