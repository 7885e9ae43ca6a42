"""The pipeline stage by stage, beside the method as published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm
from transformers import LlavaConfig

from .benchmark_models import INSTRUCTIONS, BenchmarkModel
from .benchmark_report import (
    StageRow,
    Timing,
    peak_memory_mb,
    print_table,
    reset_peak_memory,
    timed,
)
from .compute_rate import ComputeRate
from .config import SelectionConfig, SelectionRule
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
from .prompts import FIXED_ANSWER
from .reference_pipeline import ReferencePipeline
from .types import FrameEncoding

__all__ = ["measure_pipeline", "stage_flops"]

BEST = SelectionConfig(SelectionRule.TOP_IOU)
"""Always one proposal, so that answers can be compared."""
AGREES = 0.999
"""IoU from which two answers are the same."""

VLM = "vlm"
"""Image prefix and seg token together: the reference knows no such parts."""
NEW_FRAME = "new frame to mask"
NEW_INSTRUCTION = "new instruction"


def measure_pipeline(
    model: BenchmarkModel,
    frames: Sequence[np.ndarray],
    repeats: int,
    rate: ComputeRate,
    with_reference: bool = True,
) -> tuple[dict[str, Any], list[StageRow]]:
    """New frames with an instruction each, then a new instruction on the frame that is known.

    Args:
        model: to measure.
        frames: images to go round.
        repeats: frames to measure.
        rate: for the lower bounds.
        with_reference: whether to run the published way as well.

    Returns:
        The report for JSON, and the stages.
    """
    pipeline, device = model.pipeline, model.pipeline.device
    reference = ReferencePipeline(model.parts) if with_reference else None
    ours: dict[str, list[float]] = defaultdict(list)
    theirs: dict[str, list[float]] = defaultdict(list)
    kept, answers, memory, flops = [], [], [0.0, 0.0], {}
    pipeline.segment(frames[-1], INSTRUCTIONS[-1])  # warms up
    for index in tqdm(range(repeats), unit="frame", disable=None):
        image = frames[index % len(frames)]
        first, second = (INSTRUCTIONS[(index + i) % len(INSTRUCTIONS)] for i in (0, 1))
        reset_peak_memory(device)
        frame, encoding = timed(device, pipeline.encode_frame, image)
        answer, asking = timed(device, pipeline.segment, frame, first, BEST)
        _, again = timed(device, pipeline.segment, frame, second, BEST)
        memory[0] = max(memory[0], peak_memory_mb(device))
        for name, value in answer.timings_ms.items():
            ours[name].append(value)
        ours[VLM].append(answer.timings_ms["image_prefix"] + answer.timings_ms["seg_token"])
        ours[NEW_FRAME].append(encoding + asking)
        ours[NEW_INSTRUCTION].append(again)
        kept.append(len(frame.proposals))
        flops = stage_flops(model, frame, first)
        if reference is None:
            continue
        reset_peak_memory(device)
        published, whole = timed(device, reference.segment, image, first, BEST)
        memory[1] = max(memory[1], peak_memory_mb(device))
        for name, value in published.timings_ms.items():
            theirs[name].append(value)
        theirs[NEW_FRAME].append(whole)
        theirs[NEW_INSTRUCTION].append(whole)  # it keeps nothing, so the next costs the same
        answers.append(_iou(answer.mask, published.mask))

    rows = {
        name: StageRow(
            name,
            Timing.of(values),
            Timing.of(theirs[name]) if name in theirs else None,
            rate.milliseconds(flops[name]),
        )
        for name, values in ours.items()
    }
    frame_row, instruction_row = rows[NEW_FRAME], rows[NEW_INSTRUCTION]
    cheaper = round(frame_row.ours.median / instruction_row.ours.median, 1)
    lines = [
        f"{int(np.median(kept))} proposals a frame; a new instruction on a known frame is "
        f"{cheaper} times cheaper than the first; peak memory {memory[0]:.0f} MB",
        f"bound: {rate.source}",
    ]
    report: dict[str, Any] = {
        "new_frame_ms": frame_row.ours.median,
        "new_instruction_ms": instruction_row.ours.median,
        "instruction_speedup": cheaper,
        "stages": {name: rows[name].record() for name in answer.timings_ms},
        "vlm": rows[VLM].record(),
        "new_frame": frame_row.record(),
        "new_instruction": instruction_row.record(),
        "proposals": int(np.median(kept)),
        "peak_memory_mb": memory[0],
    }
    if reference is not None:
        report |= {
            "reference": f"method as published, {reference.generator.name}",
            "speedup_new_frame": frame_row.ratio,
            "speedup_new_instruction": instruction_row.ratio,
            "answers_agree": min(answers) >= AGREES,
            "min_answer_iou": min(answers),
            "reference_peak_memory_mb": memory[1],
        }
        same = "the same answers" if report["answers_agree"] else "NOT the same answers"
        lines[1:1] = [
            f"reference: {report['reference']}, peak memory {memory[1]:.0f} MB",
            f"{frame_row.ratio} times as fast for a new frame, {instruction_row.ratio} for a new "
            f"instruction; {same} (lowest IoU {min(answers):.4f})",
        ]
    print_table("Pipeline", rows.values(), lines)
    return report, list(rows.values())


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
    points, drawn = model.proposals.points_per_side**2, len(frame.proposals.points.unique(dim=0))
    flops = {
        "proposals": sam_encoder_flops(parts.sam.config.vision_config)
        + sam_points_flops(parts.sam.config, points, drawn),
        "embeddings": dinov2_flops(parts.dinov2.config, size)
        + pooling_flops(frame.image_size, (cells, cells), features, count),
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


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    """IoU of two masks; 1 if both are empty."""
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0
