# SPDX-License-Identifier: Apache-2.0
"""How much arithmetic each stage cannot do without, from the sizes of the networks.

One multiplication and one addition are 2 FLOP. Products of matrices and convolutions count; sums,
activations and normalisations do not. What is counted is our order of work (`sam_encoder.py`,
`sam_decoder.py`, `seg_token.py`), which needs less than the published one, so that no run can be
below the bound.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil

from transformers import (
    CLIPVisionConfig,
    Dinov2Config,
    LlamaConfig,
    LlavaConfig,
    SamConfig,
    SamVisionConfig,
)

from llmseg_core.config import SelectorConfig
from llmseg_core.proposals.sam_decoder import OUTPUT_TOKENS, PROMPT_TOKENS
from llmseg_core.vlm.llava import image_token_count

__all__ = [
    "clip_flops",
    "dinov2_flops",
    "llama_flops",
    "pooling_flops",
    "projector_flops",
    "sam_encoder_flops",
    "sam_points_flops",
    "selector_flops",
]

MASKS = 3
"""Masks a prompt."""


def _linear(rows: int, *widths: int) -> int:
    """Linear layers after each other on `rows` vectors."""
    return sum(2 * rows * a * b for a, b in pairwise(widths))


def _attention(queries: int, keys: int, width: int) -> int:
    """Scores and weighted sum of all heads together."""
    return 4 * queries * keys * width


def _transformer(tokens: int, width: int, mlp: int) -> int:
    """A plain layer: four projections, attention of all with all, MLP."""
    projections = 4 * _linear(tokens, width, width)
    return projections + _attention(tokens, tokens, width) + _linear(tokens, width, mlp, width)


# ------------------------------------------------------------------ SAM


def sam_encoder_flops(config: SamVisionConfig) -> int:
    """SAM's image encoder on one image, as `SamImageEncoder` does it."""
    width, out = config.hidden_size, config.output_channels
    grid = config.image_size // config.patch_size
    tokens = grid * grid
    total = _linear(tokens, 3 * config.patch_size**2, width)
    for layer in range(config.num_hidden_layers):
        window = grid if layer in config.global_attn_indexes else config.window_size
        seen = (ceil(grid / window) * window) ** 2  # with the padding of the last windows
        total += 4 * _linear(tokens, width, width) + _attention(seen, window * window, width)
        if config.use_rel_pos:
            total += 2 * _linear(seen, window, width)
        total += _linear(tokens, width, config.mlp_dim, width)
    return total + _linear(tokens, width, out) + 9 * _linear(tokens, out, out)


def sam_points_flops(config: SamConfig, points: int, drawn: int) -> int:
    """SAM's decoder for single-point prompts on one image, as `SamPointDecoder` does it.

    Args:
        config: sizes.
        points: prompts.
        drawn: prompts of which at least one mask passes the predicted IoU.
    """
    decoder = config.mask_decoder_config
    width, heads = decoder.hidden_size, decoder.num_attention_heads
    inner = width // decoder.attention_downsample_rate
    image = config.prompt_encoder_config.image_embedding_size**2
    t = PROMPT_TOKENS
    once = 3 * _linear(image, width, inner)
    own = 4 * _linear(t, width, width) + _attention(t, t, width)
    cross = 4 * _linear(t, width, inner)  # two of them an attention are folded into its tokens
    to_image = _attention(t, image, inner) + _linear(t, width, inner, width)
    to_token = 2 * t * image * inner + 2 * t * heads * image * width
    to_token += 3 * _linear(t, width, inner)
    folded = _attention(t * heads, image, width) + cross
    mlp = _linear(t, width, decoder.mlp_dim, width)
    layers = 2 * own + to_image + to_token + 2 * mlp + 2 * folded
    last = _attention(OUTPUT_TOKENS * heads, image, width)
    last += _linear(OUTPUT_TOKENS * heads, width, image)  # with the position of the image tokens
    last += 4 * _linear(OUTPUT_TOKENS, width, inner)
    depth = [decoder.iou_head_hidden_dim] * (decoder.iou_head_depth - 1)
    iou = _linear(1, width, *depth, decoder.num_multimask_outputs + 1)
    hyper = MASKS * _linear(1, width, width, width, width // 8)
    upscale = _linear(image, width, width) + _linear(4 * image, width // 4, width // 2)
    draw = hyper + upscale + _linear(16 * image, width // 8, MASKS)
    return once + points * (layers + last + iou) + drawn * draw


# ------------------------------------------------------------------ DINOv2 and pooling


def dinov2_flops(config: Dinov2Config, image_size: int) -> int:
    """DINOv2 on one image of `image_size` pixels a side."""
    width, patches = config.hidden_size, (image_size // config.patch_size) ** 2
    layer = _transformer(patches + 1, width, int(width * config.mlp_ratio))
    return _linear(patches, 3 * config.patch_size**2, width) + config.num_hidden_layers * layer


def pooling_flops(
    image_size: tuple[int, int], feature_size: tuple[int, int], channels: int, proposals: int
) -> int:
    """Mask pooling of `proposals` masks of an image of (H, W) pixels."""
    (height, width), (rows, columns) = image_size, feature_size
    weights = 2 * rows * height * width + 2 * rows * width * columns
    return proposals * (weights + 2 * rows * columns * channels)


# ------------------------------------------------------------------ the VLM


def clip_flops(config: CLIPVisionConfig, layers: int) -> int:
    """The first `layers` layers of CLIP on one image."""
    width, patches = config.hidden_size, (config.image_size // config.patch_size) ** 2
    layer = _transformer(patches + 1, width, config.intermediate_size)
    return _linear(patches, 3 * config.patch_size**2, width) + layers * layer


def projector_flops(config: LlavaConfig) -> int:
    """From CLIP to the text model, one image."""
    width, text = config.vision_config.hidden_size, config.text_config.hidden_size
    one_layer = getattr(config, "mm_projector_type", None) == "linear"
    return _linear(image_token_count(config), width, text, *([] if one_layer else [text]))


def llama_flops(config: LlamaConfig, tokens: int, known: int = 0) -> int:
    """The text model, without its head, on new tokens of one text.

    Args:
        config: sizes.
        tokens: new tokens.
        known: tokens before them whose keys and values are at hand.
    """
    width = config.hidden_size
    keys = width * config.num_key_value_heads // config.num_attention_heads
    projections = 2 * _linear(tokens, width, width) + 2 * _linear(tokens, width, keys)
    seen = tokens * known + tokens * (tokens + 1) // 2  # each sees what stands before it
    mlp = 3 * _linear(tokens, width, config.intermediate_size)
    return config.num_hidden_layers * (projections + 4 * seen * width + mlp)


# ------------------------------------------------------------------ the selector


def selector_flops(config: SelectorConfig, proposals: int) -> int:
    """The selector for one instruction."""
    width, count = config.width, proposals
    inner = width // config.attention_downsample
    own = 4 * _linear(count, width, width) + _attention(count, count, width)
    seg_reads = 2 * (_linear(count, width, inner) + _linear(1, width, inner))
    seg_reads += _attention(count, 1, inner)
    masks_read = 2 * _linear(1, width, inner)  # a single key, whatever each asks
    block = own + masks_read + seg_reads + _linear(count, width, config.mlp_dim, width)
    fusion = config.num_blocks * block + masks_read if config.use_fusion else 0
    inputs = _linear(1, config.hidden_dim, config.hidden_dim, width)
    inputs += _linear(count, config.feature_dim, width)
    heads = _linear(count, width, config.embedding_hidden_dim, width)
    return inputs + fusion + heads + _linear(count, width, config.iop_hidden_dim, 1)
