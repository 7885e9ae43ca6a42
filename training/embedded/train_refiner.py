# SPDX-License-Identifier: Apache-2.0
"""Stage "refiner" of the embedded model: a trained SAM gets a refiner of its masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel

from llmseg_core.config import ProposalConfig
from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.metrics.overlap import iou_of_areas
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.proposals.mask_refiner import in_input, in_windows
from llmseg_core.proposals.refined_sam import RefinedSamModel, with_iou_head, with_refiner
from llmseg_core.proposals.sam_encoder import SamImageEncoder, without_padding

from ..learning.mask_losses import dice_loss, iou_of_logits
from ..trainer.loop import TrainingLoop
from ..trainer.objective import Objective, StepLoss
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .prompt_data import PromptBatch, PromptDataset, collate_prompts
from .sam_data import MASK_CELL, LabelledImages
from .sam_objective import decode_points
from .train_mask_iou import train_mask_iou

__all__ = ["RefinerObjective", "RefinerRecipe", "RefinerTrainingModel", "train_refiner"]

LEAST_IOU = 0.3
"""of SAM's mask with what lies under its point; worse ones show something else, and only the
predicted IoU learns from them"""


@dataclass(frozen=True)
class RefinerRecipe(TrainingRecipe):
    """How the refiner is trained; a sample is an image."""

    steps: int = 4500
    batch_size: int = 4
    learning_rate: float = 2e-3
    decay_steps: int = 1800
    width: Annotated[int, Between(4, 256)] = 24
    """channels of the refiner"""
    sharpness: Annotated[int, Between(1, 8)] = 1
    """pixels that it looks at along one of SAM's input"""
    passes: Annotated[int, Between(1, 4)] = 1
    """how often it looks at a mask"""
    iou_dim: Annotated[int, Between(0, 4096)] = 0
    """width of the layers that predict the IoU, which then learn from what everything mode proposes
    (see `MaskRefiner`); 0 predicts it more simply"""
    iou_scenes: Annotated[int, AtLeast(1)] = 4000
    """images whose proposals they learn from"""
    points: Annotated[int, Between(1, 1000)] = 10
    """point prompts an image"""
    recoloured: Annotated[float, Between(0, 1)] = 0.0
    """how likely it is that a thing gets other colours, [0, 1]"""


class RefinerTrainingModel(nn.Module):
    """A frozen SAM draws masks, its refiner looks at them again.

    Args:
        sam: its refiner alone learns, in place.
    """

    def __init__(self, sam: RefinedSamModel) -> None:
        super().__init__()
        self.sam = sam.requires_grad_(False)
        sam.refiner.requires_grad_(True)

    def forward(
        self, sharp: Tensor, seen: Tensor, points: Tensor, masks: Tensor
    ) -> dict[str, Tensor]:
        """The best of SAM's three masks for each of B x N points, refined in P passes.

        Args:
            sharp: (B, 3, s S, s S) float32, what the refiner looks at, of sharpness s.
            seen: (B, 3, h, w) float32, the same for SAM, which may be without padding.
            points: (B, N, 2) float32, pixels of the input.
            masks: (B, N, s S, s S) float32 in [0, 1], what lies under each.

        Returns:
            logits (M, W, W) in the windows and targets there, M = B P N; iou (M,), the logit of the
            predicted IoU, true_iou (M,) of the refined mask; sam_iou (M,) before.
        """
        sharpness = self.sam.refiner.sharpness
        with torch.no_grad():
            embeddings = SamImageEncoder(self.sam)(seen)
            drawn, predicted = decode_points(self.sam, embeddings, points)
        found: dict[str, list[Tensor]] = {}
        for pixels, three, ious, wanted in zip(sharp, drawn, predicted, masks, strict=True):
            down, across = three.shape[2:]
            coarse = F.avg_pool2d(wanted, sharpness * MASK_CELL)[:, None, :down, :across]
            sam_iou, best = iou_of_logits(three, coarse.expand_as(three)).max(1)
            taken = torch.arange(len(best)), best
            looks = self.sam.refiner.looks(pixels, three[taken], MASK_CELL, ious[taken])
            for refined, _ in looks:
                target = in_windows(wanted[:, None], refined.windows, 1 / sharpness)[:, 0]
                sides = refined.windows[:, 2:] - refined.windows[:, :2]
                area = sides.prod(1) / target[0].numel()
                shown = in_input(refined.windows, *(side // sharpness for side in pixels.shape[1:]))
                inside = ((refined.logits > 0) & shown).flatten(1)
                thing = (target > 0.5).flatten(1)
                true_iou = iou_of_areas(
                    (inside & thing).sum(1) * area,
                    inside.sum(1) * area,
                    (wanted > 0.5).flatten(1).sum(1) / sharpness**2,
                ).clamp(max=1)
                values = {
                    "logits": refined.logits, "targets": target, "iou": refined.iou,
                    "true_iou": true_iou, "sam_iou": sam_iou,
                }  # fmt: skip
                for name, value in values.items():
                    found.setdefault(name, []).append(value)
        return {name: torch.cat(values) for name, values in found.items()}


class RefinerObjective(Objective[PromptBatch]):
    """Losses of refined masks and of their predicted IoU.

    Args:
        model: trained in place.
        skip_padding: whether SAM draws masks without padding.
    """

    def __init__(self, model: RefinerTrainingModel, skip_padding: bool = False) -> None:
        super().__init__(model)
        self.skip_padding = skip_padding
        self._vision = model.sam.config.vision_config

    def loss(self, model: nn.Module, batch: PromptBatch, step: int) -> StepLoss:
        """Cross-entropy and dice in the windows, squared error of the IoU."""
        seen = batch.pixel_values
        if self.skip_padding:
            rows, columns = batch.inside.amax(0).tolist()
            seen = without_padding(seen, rows, columns, self._vision)
        out = model(batch.sharp, seen, batch.points, batch.masks)
        counts = (out["sam_iou"] >= LEAST_IOU).float()
        shares = counts / counts.sum().clamp(min=1)
        each = F.binary_cross_entropy_with_logits(
            out["logits"], out["targets"], reduction="none"
        ).mean((1, 2)) + dice_loss(out["logits"], out["targets"])
        mask_loss = (each * shares).sum()
        iou_loss = F.mse_loss(out["iou"].sigmoid(), out["true_iou"])
        parts = {
            "mask_loss": mask_loss,
            "iou_loss": iou_loss,
            "iou_before": (out["sam_iou"] * shares).sum(),
            "iou_refined": (out["true_iou"] * shares).sum(),
        }
        return StepLoss(mask_loss + iou_loss, parts)


def train_refiner(
    sam: SamModel,
    scenes: LabelledImages,
    folder: Path,
    recipe: RefinerRecipe,
    seed: int,
    proposals: ProposalConfig | None = None,
) -> RefinedSamModel:
    """Train a refiner for a SAM, or go on from the last checkpoint in `folder`.

    Args:
        sam: trained; it is not changed, and a refiner that it has is left out.
        scenes: images with the instances in them.
        folder: gets checkpoints and logs, and SAM with the refiner in `folder/sam`.
        recipe: sizes and rates.
        seed: of weights, order and prompts.
        proposals: everything mode's settings, of which the IoU is learned; SAM draws without
            padding if they say so.

    Returns:
        SAM with the refiner, in evaluation mode.
    """
    torch.manual_seed(seed)
    proposals = ProposalConfig() if proposals is None else proposals
    refined = with_refiner(sam, recipe.width, recipe.sharpness, recipe.passes).float().eval()
    size = int(sam.config.vision_config.image_size)
    data = PromptDataset(
        scenes, size, recipe.points, True, seed, stretched=False, recoloured=recipe.recoloured,
        cell=1, sharpness=recipe.sharpness,
    )  # fmt: skip
    plan = training_plan(folder, recipe, seed)
    objective = RefinerObjective(RefinerTrainingModel(refined), proposals.skip_padding)
    TrainingLoop(objective, data, collate_prompts, plan).train_to_end()
    if recipe.iou_dim:
        torch.manual_seed(seed)
        refined = with_iou_head(refined, recipe.iou_dim).eval()
        train_mask_iou(refined, scenes, recipe.iou_scenes, folder / "iou", proposals, seed)
    if processes().is_main_process:
        save_network(refined, folder / "sam")
    processes().wait_for_everyone()
    return refined.eval()
