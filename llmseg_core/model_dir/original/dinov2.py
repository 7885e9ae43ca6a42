# SPDX-License-Identifier: Apache-2.0
"""DINOv2's original weights (`dinov2_vit*14_pretrain.pth`) as transformers' `Dinov2Model`.

The sizes follow from the shapes; only the attention heads leave no trace in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import Dinov2Config, Dinov2Model

from .state import check_names, read_original_state, renamed

__all__ = ["dinov2_from_original", "dinov2_positions", "load_original_dinov2"]

HEAD_WIDTH = 64
"""Channels of an attention head in all published sizes."""

POSITION_OFFSET = 0.1
"""Added by the original to the wanted cells a side before it scales the position table."""

# Name in transformers (a regular expression), name in the original.
_NAMES = [
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"embeddings\.", ""),
    (r"encoder\.layer\.(\d+)\.attention\.(?:output\.dense|o_proj)\.", r"blocks.\1.attn.proj."),
    (r"encoder\.layer\.(\d+)\.layer_scale(\d)\.lambda1", r"blocks.\1.ls\2.gamma"),
    (r"encoder\.layer\.", "blocks."),
    (r"layernorm\.", "norm."),
]
_QKV = re.compile(
    r"encoder\.layer\.(\d+)\.attention\.(?:attention\.)?"
    r"(?:(query|q_proj)|(key|k_proj)|(value|v_proj))\.(weight|bias)"
)


def load_original_dinov2(file: str | Path) -> Dinov2Model:
    """Read an original checkpoint.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or its names or shapes are not those of a DINOv2.
    """
    return dinov2_from_original(read_original_state(file))


def dinov2_from_original(state: Mapping[str, Tensor], num_heads: int | None = None) -> Dinov2Model:
    """A `Dinov2Model` with the weights of an original state dict.

    Args:
        state: as the original's `state_dict()` gives it.
        num_heads: attention heads; None takes the published 64 channels a head.

    Raises:
        ValueError: if names are missing or not expected, or shapes do not fit together.
    """
    try:
        config = _config(state, num_heads)
    except KeyError as error:
        raise ValueError(f"these are no weights of DINOv2: missing {error}") from None
    model = Dinov2Model(config)
    own = model.state_dict()
    check_names(map(original_name, own), state, "these are no weights of DINOv2")
    weights = {name: _own_part(name, state[original_name(name)]) for name in own}
    for name, value in weights.items():
        if value.shape != own[name].shape:
            raise ValueError(
                f"{original_name(name)} gives {tuple(value.shape)} for {name}, "
                f"it must be {tuple(own[name].shape)}"
            )
    model.load_state_dict(weights)
    return model.eval()


def original_name(name: str) -> str:
    """The original name of a weight of `Dinov2Model`; three of ours may be one there."""
    if match := _QKV.fullmatch(name):
        return f"blocks.{match[1]}.attn.qkv.{match[5]}"
    return renamed(name, _NAMES)


def _own_part(name: str, value: Tensor) -> Tensor:
    """The third of queries, keys and values that `name` means, or the whole."""
    match = _QKV.fullmatch(name)
    if match is None:
        return value
    return value.chunk(3)[0 if match[2] else 1 if match[3] else 2]


def _config(state: Mapping[str, Tensor], num_heads: int | None) -> Dinov2Config:
    patch, positions = state["patch_embed.proj.weight"], state["pos_embed"]
    width = int(positions.shape[2])
    layers = {name.split(".")[1] for name in state if name.startswith("blocks.")}
    return Dinov2Config(
        image_size=round((positions.shape[1] - 1) ** 0.5) * int(patch.shape[2]),
        patch_size=int(patch.shape[2]),
        hidden_size=width,
        num_hidden_layers=len(layers),
        num_attention_heads=num_heads or max(1, width // HEAD_WIDTH),
        mlp_ratio=len(state["blocks.0.mlp.fc1.weight"]) // width,
        use_mask_token="mask_token" in state,
    )


def dinov2_positions(model: Dinov2Model, image_size: int) -> Dinov2Model:
    """The same network with its position table resized for square images of `image_size` pixels.

    The original resizes it at every image, by (cells + 0.1) / table cells instead of the exact
    ratio, which moves every position a little; transformers takes the exact one. A table that is
    resized here as the original does it is never resized again.

    Args:
        model: any size; it is not changed.
        image_size: side of the images in pixels, a multiple of the patch size.
    """
    config = model.config
    cells, table = image_size // config.patch_size, config.image_size // config.patch_size
    if cells == table:
        return model
    state = model.state_dict()
    name = "embeddings.position_embeddings"
    positions = state[name]
    grid = positions[:, 1:].unflatten(1, (table, table)).permute(0, 3, 1, 2).float()
    scale = (cells + POSITION_OFFSET) / table
    grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    resized = grid.flatten(2).transpose(1, 2).to(positions.dtype)
    state[name] = torch.cat((positions[:, :1], resized), 1)
    resized_model = Dinov2Model(Dinov2Config(**{**config.to_dict(), "image_size": image_size}))
    resized_model.to(positions.dtype).load_state_dict(state)
    return resized_model.eval()
