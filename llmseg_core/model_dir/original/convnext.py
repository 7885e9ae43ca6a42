# SPDX-License-Identifier: Apache-2.0
"""OpenCLIP's ConvNeXt (`open_clip_pytorch_model.bin`) as transformers' `ConvNextModel`.

OpenCLIP takes its image side (`visual.trunk`) from timm: the same network under other names. The
sizes follow from the shapes. The text side and the projections to CLIP's space are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import ConvNextConfig, ConvNextModel

from .state import check_names, read_original_state, renamed

__all__ = ["convnext_from_openclip", "load_openclip_convnext"]

TRUNK = "visual.trunk."
EPSILON = 1e-6
"""Of the last normalisation, as in timm; transformers has it in its configuration."""

# Name in the trunk (a regular expression), name in transformers.
_NAMES = [
    (r"stem\.0\.", "embeddings.patch_embeddings."),
    (r"stem\.1\.", "embeddings.layernorm."),
    (r"stages\.(\d+)\.downsample\.", r"encoder.stages.\1.downsampling_layer."),
    (r"stages\.(\d+)\.blocks\.(\d+)\.gamma", r"encoder.stages.\1.layers.\2.layer_scale_parameter"),
    (r"stages\.(\d+)\.blocks\.(\d+)\.conv_dw\.", r"encoder.stages.\1.layers.\2.dwconv."),
    (r"stages\.(\d+)\.blocks\.(\d+)\.norm\.", r"encoder.stages.\1.layers.\2.layernorm."),
    (r"stages\.(\d+)\.blocks\.(\d+)\.mlp\.fc(\d)\.", r"encoder.stages.\1.layers.\2.pwconv\3."),
    (r"head\.norm\.", "layernorm."),
]


def load_openclip_convnext(file: str | Path) -> ConvNextModel:
    """Read a checkpoint of an OpenCLIP model with a ConvNeXt.

    Args:
        file: as OpenCLIP publishes it, by torch or safetensors.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or its names or shapes are not those of a ConvNeXt.
    """
    return convnext_from_openclip(read_original_state(file))


def convnext_from_openclip(state: Mapping[str, Tensor]) -> ConvNextModel:
    """A `ConvNextModel` with the weights of OpenCLIP's image side.

    Args:
        state: of the whole CLIP, as OpenCLIP's `state_dict()` gives it.

    Raises:
        ValueError: if names are missing or not expected, or shapes do not fit together.
    """
    weights = {
        renamed(key.removeprefix(TRUNK), _NAMES): value
        for key, value in state.items()
        if key.startswith(TRUNK)
    }
    refusal = "these are no weights of an OpenCLIP ConvNeXt"
    try:
        model = ConvNextModel(_config(weights))
        check_names(model.state_dict(), weights, refusal)
        model.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{refusal}: {error}") from None
    return model.eval()


def _config(weights: Mapping[str, Tensor]) -> ConvNextConfig:
    patches = weights["embeddings.patch_embeddings.weight"]
    stages: dict[int, set[int]] = {}
    for name in weights:
        if match := re.match(r"encoder\.stages\.(\d+)\.layers\.(\d+)\.", name):
            stages.setdefault(int(match[1]), set()).add(int(match[2]))
    first = "encoder.stages.{}.layers.0.layernorm.weight"
    return ConvNextConfig(
        patch_size=int(patches.shape[-1]),
        depths=[len(stages[stage]) for stage in sorted(stages)],
        hidden_sizes=[len(weights[first.format(stage)]) for stage in sorted(stages)],
        layer_norm_eps=EPSILON,
    )
