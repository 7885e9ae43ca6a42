# SPDX-License-Identifier: Apache-2.0
"""The literal scene as the mask selector learns from it."""

from __future__ import annotations

import torch

from llmseg_core import Proposals
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.embedded.selection_data import encode_scene
from llmseg_training.embedded.selection_scene import SelectionScene

from .literal_scene import literal_scene


def encoded_literal_scene(parts: ModelParts, proposals: int = 3) -> SelectionScene:
    """With the first `proposals` of three: mug, book and table."""
    config = parts.config.image_encoder
    encoder = Dinov2Encoder(parts.dinov2, config.image_size)
    vlm = SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)
    scene = literal_scene()
    ids = torch.from_numpy(scene.instances)
    masks = torch.stack([ids == number for number in (1, 2, 255)])[:proposals]
    embedder = PooledMaskEmbedder(encoder, config.pooling_size)
    return encode_scene(scene, Proposals.from_masks(masks), embedder, vlm.pixel_values)
