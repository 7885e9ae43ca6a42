# SPDX-License-Identifier: Apache-2.0
"""Stage "recognition" of the embedded model: the image encoder learns what things look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch import nn
from transformers import Dinov2Model, SamModel

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.values import require
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.model_dir.network_files import save_network, save_weights
from llmseg_core.model_dir.networks import build_embedded_dinov2, build_selector, embedded_config

from ..questions import CATEGORIES
from ..scenes import SceneFolder
from ..trainer.loop import TrainingLoop
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .recognition_data import RecognitionDataset, collate_recognition
from .recognition_objective import RecognitionModel, RecognitionObjective

__all__ = ["RecognitionRecipe", "train_recognition"]


@dataclass(frozen=True)
class RecognitionRecipe(TrainingRecipe):
    """How the embedded image encoder is trained before any language; a sample is an image."""

    steps: int = 2500
    batch_size: int = 12
    warmup_steps: int = 200
    decay_steps: int = 600
    kept_patches: Annotated[int, AtLeast(1)] = 320
    """patches of an image that the encoder sees at first, those with objects before others"""
    whole_steps: Annotated[int, AtLeast(0)] = 80
    """last steps, in which it sees all patches, as at inference"""
    skip_padding: bool = False
    """whether it never sees patches of nothing but padding, at inference neither"""

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = f"at most steps = {self.steps}"
        require(self.whole_steps <= self.steps, "whole_steps", self.whole_steps, wanted)


@torch.no_grad()
def start_from_sam(dinov2: Dinov2Model, sam: SamModel) -> None:
    """Give the image encoder's first layers the weights of SAM's, which know objects by then.

    Both are the same kind of transformer; SAM's windows are opened to the whole image.

    Args:
        dinov2: at least as deep as SAM's encoder and as wide, with the same patches.
        sam: trained.
    """
    source = sam.vision_encoder
    embeddings = dinov2.embeddings
    embeddings.patch_embeddings.projection.load_state_dict(
        source.patch_embed.projection.state_dict()
    )
    embeddings.position_embeddings[:, 1:] = source.pos_embed.flatten(1, 2)
    for old, new in zip(source.layers, dinov2.encoder.layer, strict=False):
        new.norm1.load_state_dict(old.layer_norm1.state_dict())
        new.norm2.load_state_dict(old.layer_norm2.state_dict())
        attention = new.attention
        weights = zip(old.attn.qkv.weight.chunk(3), old.attn.qkv.bias.chunk(3), strict=True)
        for layer, (weight, bias) in zip(
            (attention.q_proj, attention.k_proj, attention.v_proj), weights, strict=True
        ):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        attention.o_proj.load_state_dict(old.attn.proj.state_dict())
        new.mlp.fc1.load_state_dict(old.mlp.lin1.state_dict())
        new.mlp.fc2.load_state_dict(old.mlp.lin2.state_dict())


def train_recognition(
    scenes: SceneFolder,
    sam: SamModel,
    folder: Path,
    recipe: RecognitionRecipe,
    seed: int,
    categories: Sequence[str] = CATEGORIES,
) -> tuple[Dinov2Encoder, nn.Linear]:
    """Train from scratch, or go on from the last checkpoint in `folder`.

    Args:
        scenes: training scenes.
        sam: trained; the encoder's first layers start from its encoder.
        folder: gets checkpoints and logs, and the result in `folder/dinov2` and
            `folder/mask_projection.safetensors`.
        recipe: sizes and rates.
        seed: of weights, order and augmentation.
        categories: what scenes can have.

    Returns:
        The encoder and the selector's projection of its pooled features.
    """
    torch.manual_seed(seed)
    config = embedded_config()
    dinov2 = build_embedded_dinov2(seed)
    start_from_sam(dinov2, sam)
    encoder = Dinov2Encoder(dinov2, config.image_encoder.image_size, recipe.skip_padding)
    projection = build_selector(config.selector, seed).mask_projection
    all_from = recipe.steps - recipe.whole_steps
    loop = TrainingLoop(
        RecognitionObjective(
            RecognitionModel(encoder, projection, categories), recipe.kept_patches, all_from
        ),
        RecognitionDataset(
            scenes,
            config.image_encoder.image_size,
            encoder.cells,
            config.image_encoder.pooling_size,
            augment=True,
            seed=seed,
            categories=categories,
            skip_padding=recipe.skip_padding,
        ),
        collate_recognition,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    if processes().is_main_process:
        save_network(encoder.model.eval(), folder / "dinov2")
        save_weights(projection.state_dict(), folder / "mask_projection.safetensors")
    processes().wait_for_everyone()
    return encoder, projection
