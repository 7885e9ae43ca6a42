# SPDX-License-Identifier: Apache-2.0
"""How good is each mask? A refiner's IoU head learns from what everything mode proposes.

Points drawn at random on things say little of that: what remains after everything mode's filters is
hard to tell apart, parts from wholes above all. So the head learns last, with everything before
frozen.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from llmseg_core.config import ProposalConfig
from llmseg_core.masks import mask_areas
from llmseg_core.metrics.overlap import intersections, iou_of_areas
from llmseg_core.model_dir.network_files import save_weights
from llmseg_core.model_dir.weights_digest import module_digest
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.proposals.mask_refiner import MaskRefiner, iou_head
from llmseg_core.proposals.refined_sam import RefinedSamModel

from ..trainer.processes import processes
from .sam_data import LabelledImage, LabelledImages

__all__ = ["SCENES_AT_ONCE", "described_proposals", "fit_iou_head", "train_mask_iou"]

SCENES_AT_ONCE = 200
"""scenes whose proposals are kept in one file"""
STEPS, BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 12000, 512, 2e-3, 0.1, 0.4
"""of the head; of five tried on 76 000 proposals, these and nearly these rank best on others"""


def train_mask_iou(
    sam: RefinedSamModel,
    scenes: LabelledImages,
    count: int,
    folder: Path,
    config: ProposalConfig,
    seed: int,
) -> None:
    """Train the IoU head of a refiner that describes masks, in place.

    Scenes that were proposed for before are not proposed for again.

    Args:
        sam: all but the head is as it will be.
        scenes: images with the instances in them.
        count: of them that are looked at, evenly spread.
        folder: gets what was proposed.
        config: everything mode's settings; crops are left out.
        seed: of the head's first weights and of the order.
    """
    state = processes()
    sam = sam.to(state.device).eval()
    config = replace(config, refine=True, crop_n_layers=0, min_mask_region_area=0)
    generator = SamProposalGenerator(sam, config)
    numbers = np.linspace(0, len(scenes) - 1, min(count, len(scenes))).round().astype(int)
    parts = [numbers[at : at + SCENES_AT_ONCE] for at in range(0, len(numbers), SCENES_AT_ONCE)]
    made_by = f"{module_digest(sam)} {config} {len(numbers)} of {len(scenes)}"
    made_by = hashlib.sha256(made_by.encode()).hexdigest()[:16]
    files = [folder / f"{made_by}-{number}.safetensors" for number in range(len(parts))]
    folder.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(numbers), unit="scene", disable=not state.is_main_process or None) as bar:
        for number in range(state.process_index, len(parts), state.num_processes):
            if not files[number].exists():
                seen = [described_proposals(generator, scenes[int(i)]) for i in parts[number]]
                described, true_iou = (torch.cat(each) for each in zip(*seen, strict=True))
                save_weights({"described": described, "iou": true_iou}, files[number])
            bar.update(len(parts[number]) * state.num_processes)
    state.wait_for_everyone()
    known = [load_file(file) for file in files]
    described, true_iou = (torch.cat([part[key] for part in known]) for key in ("described", "iou"))
    fit_iou_head(sam.refiner, described.to(state.device), true_iou.to(state.device), seed)


def described_proposals(
    generator: SamProposalGenerator, scene: LabelledImage
) -> tuple[Tensor, Tensor]:
    """What a refiner sees of each proposal of an image, and how good the proposal is.

    Args:
        generator: of a SAM whose refiner describes masks; without crops.
        scene: the image with the instances in it.

    Returns:
        (K, D) float32, what the IoU head is given, and (K,) float32, the IoU of each proposal with
        the instance that most of it lies on, table and room included.
    """
    assert isinstance(generator.model, RefinedSamModel)
    described: list[Tensor] = []
    refiner = generator.model.refiner
    hook = refiner.iou_head.register_forward_pre_hook(
        lambda _, given: described.append(given[0].float())
    )
    try:
        proposals = generator.propose(scene.image)
    finally:
        hook.remove()
    masks = proposals.masks.cpu()
    ids = torch.from_numpy(scene.instances)
    things = ids == ids.unique()[:, None, None]
    shared, areas = intersections(masks, things), mask_areas(masks)
    iou = iou_of_areas(shared, areas[:, None], mask_areas(things)[None])
    of_most = iou.gather(1, shared.argmax(1, keepdim=True))[:, 0]
    last = [each.cpu() for each in described[refiner.passes - 1 :: refiner.passes]]
    return torch.cat([torch.empty(0, refiner.described), *last]), of_most.float()


def fit_iou_head(refiner: MaskRefiner, described: Tensor, true_iou: Tensor, seed: int) -> None:
    """Train the IoU head of a refiner, in place, by cross-entropy.

    Args:
        refiner: its head begins anew.
        described: (M, D) float32, see `described_proposals`.
        true_iou: (M,) float32, [0, 1].
        seed: of weights and order.

    Raises:
        ValueError: if there is no proposal.
    """
    if not len(described):
        raise ValueError("SAM proposes nothing on any scene, so its masks' IoU cannot be learned")
    torch.manual_seed(seed)
    # numbers of one size each, until the first layer does that itself
    mean, deviation = described.mean(0), described.std(0, correction=0).clamp(min=1e-4)
    scaled = (described - mean) / deviation
    learning = iou_head(refiner.described, refiner.iou_dim, DROPOUT).to(described.device)
    optimizer = torch.optim.AdamW(learning.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    for _ in range(STEPS):
        some = torch.randint(len(scaled), (BATCH_SIZE,), device=scaled.device)
        loss = F.binary_cross_entropy_with_logits(learning(scaled[some])[:, 0], true_iou[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    first = learning[0]
    assert isinstance(first, nn.Linear)
    with torch.no_grad():
        first.weight.div_(deviation)
        first.bias.sub_(first.weight @ mean)
    refiner.iou_head.load_state_dict(learning.state_dict())
