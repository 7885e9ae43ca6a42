# SPDX-License-Identifier: Apache-2.0
"""One step of the paper's training in full size, on random weights: its memory and its time.

    python -m llmseg_training.adapter.full_size_step --json step.json

LLaVA-7B and DINOv2 ViT-L in bfloat16, LoRA, embeddings, head and selector in float32, one image of
1024 x 768 pixels with 50 proposals and three questions, activations computed twice.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import normalized_boxes
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_core.model_dir.networks import (
    build_dinov2_large,
    build_llava_7b,
    build_selector,
    llava_7b_config,
)
from llmseg_core.runtime.whole_file import write_whole
from llmseg_core.types import Proposals
from llmseg_core.vlm.families import vlm_pixels
from llmseg_core.vlm.prompts import ANSWERS, QUESTIONS
from llmseg_core.vlm.tokenizer import build_tokenizer

from ..learning.batch import ProposalBatch, ProposalSample, collate_proposals
from ..learning.scoring import LossWeights
from ..trainer.learner import Learner
from ..trainer.processes import make_accelerator
from .lora import LoraRecipe, add_lora
from .memory import GIB, StepSize, expected_memory
from .objective import AdapterObjective
from .parts import AdapterParts
from .recipe import AdapterRecipe
from .train import adapter_plan, build_model

__all__ = ["full_size_parts", "main", "measured_step"]

RECIPE = AdapterRecipe(model="random", data="random", steps=10, accumulation=1, warmup_steps=1)
QUESTION = (
    "what could I use to cut this sheet of paper into two even halves before the guests come?"
)
STEPS = 3


def full_size_parts(device: torch.device) -> AdapterParts:
    """The networks of the paper's training with random weights; what is frozen in bfloat16."""
    config = llava_7b_config()
    words = (config.seg_token.system, QUESTION, *QUESTIONS, *ANSWERS)
    tokenizer = build_tokenizer([*words] * 4)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            llava, dinov2 = build_llava_7b(tokenizer), build_dinov2_large()
    finally:
        torch.set_default_dtype(before)
    adapter = add_lora(llava, LoraRecipe())
    return AdapterParts(
        config=config,
        encoder_network=dinov2.requires_grad_(False),
        image_encoder=Dinov2Encoder(dinov2, config.image_encoder.image_size),
        llava=llava.to(device),
        adapter=adapter,
        tokenizer=tokenizer,
        selector=build_selector(config.selector).to(device),
    )


def random_batch(parts: AdapterParts, size: StepSize, seed: int = 0) -> ProposalBatch:
    """Images of noise with rectangles as proposals."""
    rng = np.random.default_rng(seed)
    config, encoder = parts.config, parts.image_encoder
    samples = []
    for _ in range(size.batch_size):
        image = rng.integers(0, 256, (768, 1024, 3), dtype=np.uint8)
        masks = torch.zeros((size.proposals, 768, 1024), dtype=torch.bool)
        for mask in masks:
            top, left = rng.integers(0, 600), rng.integers(0, 800)
            mask[top : top + rng.integers(50, 160), left : left + rng.integers(50, 200)] = True
        proposals = Proposals.from_masks(masks)
        targets = torch.from_numpy(rng.random((2, size.questions, size.proposals), np.float32))
        seen = vlm_pixels(parts.llava.config, config.seg_token, {}).see(image)
        pooling = config.image_encoder.pooling_size
        samples.append(
            ProposalSample(
                boxes_rel=normalized_boxes(proposals.boxes_px, proposals.image_size),
                pixel_values=seen.pixels,
                target_iou=targets[0],
                target_iop=targets[1],
                questions=(QUESTIONS[0].format(instruction=QUESTION),) * size.questions,
                answers=(max(ANSWERS, key=len),) * size.questions,
                image=image,
                weights=proposal_weights(masks, encoder.feature_size, pooling),
            )
        )
    return collate_proposals(samples)


def measured_step(device: torch.device, work: Path) -> dict[str, Any]:
    """The peak memory of some steps beside the expected one, in GiB, and the time of the last.

    Args:
        device: a GPU of 40 GiB or more.
        work: nothing is written there but what the loop's plan names.
    """
    parts = full_size_parts(device)
    model = build_model(RECIPE, parts)
    size = StepSize(RECIPE.batch_size, RECIPE.questions, parts.config.proposals.max_proposals)
    expected = expected_memory(
        model, parts.encoder_network, size, checkpointing=RECIPE.gradient_checkpointing
    )
    plan = adapter_plan(RECIPE, work)
    # The image is new in every step, as in a training of many.
    objective = AdapterObjective(model, parts.image_encoder, LossWeights(), feature_bytes=0)
    learner = Learner(objective, plan, make_accelerator(plan))
    batch = random_batch(parts, size)
    learner.model.train()
    torch.cuda.reset_peak_memory_stats(device)
    losses = []
    for step in range(STEPS):
        start = time.perf_counter()
        losses.append(float(learner.learn(batch, step)["loss"]))
        torch.cuda.synchronize(device)
    taken = torch.cuda.max_memory_allocated(device)
    return {
        "expected_gib": round(expected.total / GIB, 2),
        "peak_gib": round(taken / GIB, 2),
        "reserved_gib": round(torch.cuda.max_memory_reserved(device) / GIB, 2),
        "step_ms": round(1e3 * (time.perf_counter() - start), 1),
        "losses": [round(loss, 4) for loss in losses],
        "numbers_that_learn": expected.learning,
        "numbers_that_do_not": expected.frozen,
        "expected_parts_gib": {name: round(each / GIB, 2) for name, each in expected.parts.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m llmseg_training.adapter.full_size_step")
    parser.add_argument("--json", type=Path, help="write the report here")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        parser.error(f"a GPU of 40 GiB is needed, PyTorch {torch.__version__} sees none")
    report = measured_step(torch.device("cuda"), Path("build/full-size-step"))
    text = json.dumps(report, indent=2)
    print(text)
    if options.json is not None:
        write_whole(options.json, f"{text}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
