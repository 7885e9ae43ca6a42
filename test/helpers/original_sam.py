# SPDX-License-Identifier: Apache-2.0
"""The original SAM package, with torchvision or without, and small models of its classes."""

from __future__ import annotations

import importlib
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

STANDINS = Path(__file__).resolve().parent.parent / "standins"


def _import_segment_anything() -> ModuleType:
    """Where torchvision is missing its stand-in is there for this import and then gone again,
    so that no other package takes it for the real one."""
    if find_spec("torchvision") is not None:
        return importlib.import_module("segment_anything")
    sys.path.insert(0, str(STANDINS))
    try:
        return importlib.import_module("segment_anything")
    finally:
        sys.path.remove(str(STANDINS))
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        importlib.invalidate_caches()


segment_anything = _import_segment_anything()


def original_sam(
    image_size: int = 128,
    patch_size: int = 8,
    width: int = 32,
    channels: int = 32,
    heads: int = 8,
    seed: int = 2,
) -> nn.Module:
    """The original `Sam` in a small size.

    Random weights that do what trained ones do: masks follow the prompt and the image, logits are
    of natural size, predicted IoUs spread over [0, 1].
    """
    modeling = segment_anything.modeling
    grid = image_size // patch_size
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = modeling.Sam(
            image_encoder=modeling.ImageEncoderViT(
                depth=3,
                embed_dim=width,
                img_size=image_size,
                mlp_ratio=2,
                norm_layer=partial(nn.LayerNorm, eps=1e-6),
                num_heads=2,
                patch_size=patch_size,
                use_rel_pos=True,
                global_attn_indexes=(1,),
                window_size=5,
                out_chans=channels,
            ),
            prompt_encoder=modeling.PromptEncoder(
                embed_dim=channels,
                image_embedding_size=(grid, grid),
                input_image_size=(image_size, image_size),
                mask_in_chans=16,
            ),
            mask_decoder=modeling.MaskDecoder(
                num_multimask_outputs=3,
                transformer=modeling.TwoWayTransformer(
                    depth=2, embedding_dim=channels, mlp_dim=64, num_heads=heads
                ),
                transformer_dim=channels,
                iou_head_hidden_dim=32,
            ),
        )
        for parameter in model.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                parameter.data += 0.1 * torch.randn_like(parameter)
        iou = model.mask_decoder.iou_prediction_head.layers[-1]
        iou.weight.data *= 0.5
        iou.bias.data = 0.25 * iou.bias.data + 1.1
        for network in model.mask_decoder.output_hypernetworks_mlps:
            network.layers[-1].weight.data *= 60
    return model.eval()
