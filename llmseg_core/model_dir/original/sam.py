# SPDX-License-Identifier: Apache-2.0
"""SAM's original checkpoints (`sam_vit_b/l/h*.pth`) and `transformers`' `SamModel`: same numbers.

One table of names, read in both directions. The sizes follow from the shapes; only the heads of the
decoder leave no trace in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import SamConfig, SamModel

from llmseg_core.proposals.refined_sam import sam_weights

from .state import check_names, read_original_state, renamed

__all__ = [
    "load_original_sam",
    "sam_config_from_original",
    "sam_from_original",
    "sam_to_original",
]

DECODER_HEADS = 8
"""Attention heads of the decoder in all published sizes."""

# Name in transformers (a regular expression), name in the original.
_MLP = r"(mask_decoder\.(?:output_hypernetworks_mlps\.\d+|iou_prediction_head))"
_NAMES = [
    (
        r"(?:shared_image_embedding|prompt_encoder\.shared_embedding)\.positional_embedding",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    (r"vision_encoder\.patch_embed\.projection", "image_encoder.patch_embed.proj"),
    (r"vision_encoder\.layers\.(\d+)\.layer_norm(\d)", r"image_encoder.blocks.\1.norm\2"),
    (r"vision_encoder\.layers\.", "image_encoder.blocks."),
    (r"vision_encoder\.neck\.conv1", "image_encoder.neck.0"),
    (r"vision_encoder\.neck\.layer_norm1", "image_encoder.neck.1"),
    (r"vision_encoder\.neck\.conv2", "image_encoder.neck.2"),
    (r"vision_encoder\.neck\.layer_norm2", "image_encoder.neck.3"),
    (r"vision_encoder\.", "image_encoder."),
    (r"prompt_encoder\.point_embed\.", "prompt_encoder.point_embeddings."),
    (r"prompt_encoder\.mask_embed\.conv1", "prompt_encoder.mask_downscaling.0"),
    (r"prompt_encoder\.mask_embed\.layer_norm1", "prompt_encoder.mask_downscaling.1"),
    (r"prompt_encoder\.mask_embed\.conv2", "prompt_encoder.mask_downscaling.3"),
    (r"prompt_encoder\.mask_embed\.layer_norm2", "prompt_encoder.mask_downscaling.4"),
    (r"prompt_encoder\.mask_embed\.conv3", "prompt_encoder.mask_downscaling.6"),
    (r"(mask_decoder\.transformer\.layers\.\d+)\.layer_norm(\d)", r"\1.norm\2"),
    (r"mask_decoder\.transformer\.layer_norm_final", "mask_decoder.transformer.norm_final"),
    (r"mask_decoder\.upscale_conv1", "mask_decoder.output_upscaling.0"),
    (r"mask_decoder\.upscale_layer_norm", "mask_decoder.output_upscaling.1"),
    (r"mask_decoder\.upscale_conv2", "mask_decoder.output_upscaling.3"),
    (_MLP + r"\.layers\.0", r"\1.layers.1"),
    (_MLP + r"\.proj_in", r"\1.layers.0"),
    (_MLP + r"\.proj_out", r"\1.layers.2"),
]


def load_original_sam(path: str | Path) -> SamModel:
    """Read an original checkpoint.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its names or shapes are not those of a SAM.
    """
    return sam_from_original(read_original_state(path))


def sam_from_original(state: Mapping[str, Tensor], decoder_heads: int = DECODER_HEADS) -> SamModel:
    """A `SamModel` with the weights of an original state dict.

    Args:
        state: as `segment_anything`'s `Sam.state_dict()` gives it.
        decoder_heads: attention heads of the mask decoder.

    Raises:
        ValueError: if names are missing or not expected, or shapes do not fit together.
    """
    model = SamModel(sam_config_from_original(state, decoder_heads))
    own = model.state_dict()
    names = {name: renamed(name, _NAMES) for name in own}
    check_names(names.values(), state, "this is no original SAM checkpoint")
    for name, original in names.items():
        if own[name].shape != state[original].shape:
            raise ValueError(
                f"{original} has shape {tuple(state[original].shape)}, "
                f"it must be {tuple(own[name].shape)}"
            )
    model.load_state_dict({name: state[original] for name, original in names.items()})
    return model.eval()


def sam_to_original(model: SamModel) -> dict[str, Tensor]:
    """The weights of a `SamModel` under their original names, without those of a refiner."""
    return {renamed(name, _NAMES): tensor for name, tensor in sam_weights(model).items()}


def sam_config_from_original(
    state: Mapping[str, Tensor], decoder_heads: int = DECODER_HEADS
) -> SamConfig:
    """The sizes of an original SAM.

    Raises:
        ValueError: if a tensor that tells a size is missing.
    """
    try:
        return _config(state, decoder_heads)
    except KeyError as error:
        raise ValueError(f"this is no original SAM checkpoint: missing {error}") from None


def _config(state: Mapping[str, Tensor], decoder_heads: int) -> SamConfig:
    encoder, decoder, prompt = "image_encoder.", "mask_decoder.", "prompt_encoder."
    patch, width = state[encoder + "patch_embed.proj.weight"], state[encoder + "pos_embed"].shape[3]
    grid = int(state[encoder + "pos_embed"].shape[1])
    layers = _count(state, encoder + "blocks.")
    relative = [state[f"{encoder}blocks.{i}.attn.rel_pos_h"] for i in range(layers)]
    reach = [(len(table) + 1) // 2 for table in relative]  # tokens a side that attend to each other
    channels = int(state[encoder + "neck.0.weight"].shape[0])
    image_size = grid * int(patch.shape[2])
    attention = decoder + "transformer.layers.0.cross_attn_token_to_image.q_proj.weight"
    return SamConfig(
        vision_config={
            "hidden_size": width,
            "output_channels": channels,
            "num_hidden_layers": layers,
            "num_attention_heads": width // relative[0].shape[1],
            "image_size": image_size,
            "patch_size": int(patch.shape[2]),
            "mlp_dim": len(state[encoder + "blocks.0.mlp.lin1.weight"]),
            "qkv_bias": encoder + "blocks.0.attn.qkv.bias" in state,
            "use_rel_pos": True,
            "window_size": next((size for size in reach if size != grid), grid),
            "global_attn_indexes": [i for i in range(layers) if reach[i] == grid],
            "num_pos_feats": channels // 2,
            "layer_norm_eps": 1e-6,
        },
        prompt_encoder_config={
            "hidden_size": channels,
            "image_size": image_size,
            "patch_size": int(patch.shape[2]),
            "image_embedding_size": grid,
            "mask_input_channels": len(state[prompt + "mask_downscaling.3.weight"]),
            "num_point_embeddings": _count(state, prompt + "point_embeddings."),
        },
        mask_decoder_config={
            "hidden_size": channels,
            "mlp_dim": len(state[decoder + "transformer.layers.0.mlp.lin1.weight"]),
            "num_hidden_layers": _count(state, decoder + "transformer.layers."),
            "num_attention_heads": decoder_heads,
            "attention_downsample_rate": channels // len(state[attention]),
            "num_multimask_outputs": len(state[decoder + "mask_tokens.weight"]) - 1,
            "iou_head_hidden_dim": len(state[decoder + "iou_prediction_head.layers.0.weight"]),
            # PyTorch's default, which the original leaves as it is; transformers has another
            "layer_norm_eps": 1e-5,
        },
    )


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbered parts are under `prefix`."""
    return len({name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)})
