# SPDX-License-Identifier: Apache-2.0
"""The five trainings, each with a batch as its loop gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from helpers.folder_data import write_folder_data
from helpers.literal_scene import literal_scene
from helpers.tiny_model import tiny_sam
from llmseg_core import Proposals
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.llava_vlm import LlavaPixels
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.adapter.data import AdapterDataset, InputSizes
from llmseg_training.adapter.objective import AdapterModel, AdapterObjective
from llmseg_training.data import open_data
from llmseg_training.data.draws import SampleDraws
from llmseg_training.embedded.language_objective import (
    InstructionDataset,
    LanguageModel,
    LanguageObjective,
    collate_instructions,
)
from llmseg_training.embedded.recognition_data import RecognitionDataset, collate_recognition
from llmseg_training.embedded.recognition_objective import RecognitionModel, RecognitionObjective
from llmseg_training.embedded.sam_data import SamDataset, collate_sam
from llmseg_training.embedded.sam_objective import SamObjective, SamTrainingModel
from llmseg_training.embedded.selection_data import QuestionDraw, SelectionDataset, encode_scene
from llmseg_training.embedded.selection_objective import (
    SelectionModel,
    SelectionObjective,
    SelectionWeights,
)
from llmseg_training.learning.batch import Batch, collate_proposals
from llmseg_training.learning.scoring import LossWeights
from llmseg_training.trainer.objective import Objective


@dataclass(frozen=True)
class Training:
    """One of the five: what it minimises, and a batch as its loop gets it."""

    objective: Objective
    batch: Batch


def vlm_of(parts: ModelParts) -> SegTokenEncoder:
    return SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)


def sam(parts: ModelParts, folder: Path) -> Training:
    data = SamDataset([literal_scene()], 64, points=3, augment=True, seed=0)
    return Training(SamObjective(SamTrainingModel(tiny_sam())), collate_sam([data[0], data[0]]))


def recognition(parts: ModelParts, folder: Path) -> Training:
    encoder = Dinov2Encoder(parts.dinov2, parts.config.image_encoder.image_size)
    data = RecognitionDataset([literal_scene()], 56, encoder.cells, 16, True, seed=0)
    objective = RecognitionObjective(RecognitionModel(encoder, nn.Linear(32, 16)), 10, 100)
    return Training(objective, collate_recognition([data[0], data[0]]))


def language(parts: ModelParts, folder: Path) -> Training:
    model = LanguageModel(SelectionModel(vlm_of(parts), parts.selector))
    data = InstructionDataset(2, 3, seed=0)
    return Training(LanguageObjective(model), collate_instructions([data[0], data[1]]))


def selection(parts: ModelParts, folder: Path) -> Training:
    config, vlm = parts.config.image_encoder, vlm_of(parts)
    embedder = PooledMaskEmbedder(
        Dinov2Encoder(parts.dinov2, config.image_size), config.pooling_size
    )
    scene = literal_scene()
    masks = torch.stack([torch.from_numpy(scene.instances == number) for number in (1, 2)])
    encoded = encode_scene(scene, Proposals.from_masks(masks), embedder, vlm.pixel_values)
    data = SelectionDataset([encoded], QuestionDraw("train", 3), seed=0)
    model = SelectionModel(vlm, parts.selector)
    return Training(SelectionObjective(model, SelectionWeights()), collate_proposals([data[0]] * 2))


def adapter(parts: ModelParts, folder: Path) -> Training:
    encoder = Dinov2Encoder(parts.dinov2, parts.config.image_encoder.image_size)
    sizes = InputSizes(encoder.feature_size, 16, LlavaPixels(28, "pad"))

    def halves(image: np.ndarray) -> Proposals:
        masks = torch.zeros(2, *image.shape[:2], dtype=torch.bool)
        masks[0, :, : image.shape[1] // 2] = masks[1, :, image.shape[1] // 2 :] = True
        return Proposals.from_masks(masks)

    draws = SampleDraws(open_data(write_folder_data(folder / "data", 2)))
    data = AdapterDataset(draws, halves, sizes, 4)
    model = AdapterModel(vlm_of(parts), parts.selector)
    objective = AdapterObjective(model, encoder, LossWeights())
    return Training(objective, collate_proposals([data[0], data[1]]))


TRAININGS = (sam, recognition, language, selection, adapter)
Make = Callable[[ModelParts, Path], Training]


def cost_and_gradients(objective: Objective, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    objective.model.zero_grad()
    torch.manual_seed(0)
    cost = objective.loss(objective.model.train(), batch, 0)
    cost.total.backward()
    for value in cost.parts.values():
        assert value.device == cost.total.device
    named = objective.model.named_parameters()
    gradients = {name: p.grad.cpu().clone() for name, p in named if p.grad is not None}
    return cost.total.detach().cpu(), gradients
