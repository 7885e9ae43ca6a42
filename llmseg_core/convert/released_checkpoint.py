# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the released implementation of LLM-Seg: the DeepSpeed file, its names, its LoRA.

A name is read without the wrappers that training put before it (`module.`, `base_model.model.`,
`model.`), so every variant of the file means the same. One table of names, from ours to theirs.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from llmseg_core.config import SelectorConfig
from llmseg_core.model_dir.original.state import renamed

__all__ = [
    "CLIP",
    "DINOV2",
    "LANGUAGE",
    "PROJECTOR",
    "LoraPair",
    "find_released_file",
    "is_never_used",
    "is_unused_buffer",
    "llava_name",
    "merge_lora",
    "plain_name",
    "read_weights",
    "released_selector_config",
    "selector_name",
    "split_lora",
]

DINOV2 = "visual_model_dinov2."
"""Prefix of the image encoder's weights, which follow in DINOv2's original names."""
CLIP = "vision_tower.vision_tower.vision_model."
"""Prefix of the VLM's image encoder, which follows in the names of transformers."""
PROJECTOR = "mm_projector."
"""Prefix of LLaVA v1's one linear layer."""
LANGUAGE = ("embed_tokens.", "layers.", "norm.", "lm_head.")
"""Prefixes of the language model."""

NUM_HEADS = 8
"""Attention heads of the fusion module, which leave no trace in the weights."""

_WRAPPERS = re.compile(r"^(?:(?:module|_orig_mod|base_model|model)\.)+")
_LORA = re.compile(r"^(.+)\.lora_([AB])\.(?:default\.)?weight$")
# The SAM that the released model carries but never runs: its proposals were made beforehand, by SAM
# in full precision.
_CARRIED = re.compile(r"^visual_model\.")
_BUFFER = re.compile(r"\.rotary_emb\.inv_freq$|\.embeddings\.position_ids$")

# Name in this package (a regular expression), name in a released checkpoint.
_BLOCK = r"fusion\.blocks\.(\d+)\."
_SELECTOR_NAMES = [
    (r"seg_projection\.", "text_hidden_fcs.0."),
    (r"mask_projection\.", "lisa_dino_conv."),
    (_BLOCK + r"self_attention\.", r"lisa_attention_layers.\1.self_attn."),
    (_BLOCK + r"masks_to_seg\.", r"lisa_attention_layers.\1.cross_attn_token_to_image."),
    (_BLOCK + r"seg_to_masks\.", r"lisa_attention_layers.\1.cross_attn_image_to_token."),
    (_BLOCK + r"mlp\.0\.", r"lisa_attention_layers.\1.mlp.lin1."),
    (_BLOCK + r"mlp\.2\.", r"lisa_attention_layers.\1.mlp.lin2."),
    (_BLOCK + r"norm", r"lisa_attention_layers.\1.norm"),
    (r"fusion\.final_attention\.", "lisa_final_attn."),
    (r"fusion\.final_norm\.", "lisa_norm_final_attn."),
    (r"iop_head\.mlp\.", "lisa_iou_head."),
    (r"iou_head\.mlp\.", "lisa_embedding_head."),
]
_LLAVA_NAMES = [
    (r"model\.language_model\.", ""),
    (r"model\.multi_modal_projector\.linear_1\.", PROJECTOR),
    (r"model\.vision_tower\.(?:vision_model\.)?", CLIP),
]


@dataclass(frozen=True)
class LoraPair:
    """The two factors of one LoRA update.

    Attributes:
        a: (rank, inputs).
        b: (outputs, rank).
    """

    a: Tensor
    b: Tensor


def find_released_file(path: str | Path) -> Path:
    """The weights' file that `path` means: itself, or the one in a DeepSpeed checkpoint folder.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if the folder holds more than one, of which none is named by `latest`.
    """
    path = Path(path).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        raise FileNotFoundError(f"released checkpoint {path} does not exist")
    latest = path / "latest"
    folder = path / latest.read_text(encoding="utf-8").strip() if latest.is_file() else path
    found = sorted(folder.rglob("mp_rank_*_model_states.pt")) or sorted(
        folder.rglob("pytorch_model.bin")
    )
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no released checkpoint: there is no mp_rank_00_model_states.pt in it"
        )
    if len(found) > 1:
        names = ", ".join(str(file.relative_to(folder)) for file in found)
        raise ValueError(f"{folder} holds several checkpoints, give one of them: {names}")
    return found[0]


def read_weights(file: Path) -> dict[str, Tensor]:
    """The weights of a PyTorch file under their plain names; nothing in it is executed.

    Args:
        file: a DeepSpeed `mp_rank_00_model_states.pt`, or a file of weights alone.

    Raises:
        ValueError: if the file is damaged, holds objects that are no weights, or one weight twice.
    """
    try:
        loaded = torch.load(
            file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)
        )
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f"{file} cannot be read as plain weights: {error}. Nothing in it is executed; a file "
            "that you trust can be read where it was written and saved again with its weights alone"
        ) from error
    weights = loaded.get("module", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(weights, dict) or not all(isinstance(v, Tensor) for v in weights.values()):
        raise ValueError(f"{file} holds no weights: it must be a mapping from names to tensors")
    named: dict[str, Tensor] = {}
    for name, value in weights.items():
        if plain_name(name) in named:
            raise ValueError(f"{file} holds {plain_name(name)} twice, once as {name}")
        named[plain_name(name)] = value
    return named


def plain_name(name: str) -> str:
    """A name without the wrappers of training."""
    return _WRAPPERS.sub("", name).replace(".base_layer.", ".")


def is_never_used(name: str) -> bool:
    """Whether the released model does without the weight of that plain name."""
    return _CARRIED.search(name) is not None or is_unused_buffer(name)


def is_unused_buffer(name: str) -> bool:
    """Whether a plain name is that of a buffer that older libraries stored."""
    return _BUFFER.search(name) is not None


def selector_name(name: str) -> str:
    """The released name of a weight of `MaskSelector`."""
    return renamed(name, _SELECTOR_NAMES)


def llava_name(name: str) -> str:
    """The released name of a weight of `LlavaV1ForConditionalGeneration`."""
    return renamed(name, _LLAVA_NAMES)


def released_selector_config(weights: Mapping[str, Tensor]) -> SelectorConfig:
    """The sizes of the selector in a released checkpoint.

    Args:
        weights: under their plain names.

    Raises:
        ValueError: naming a weight that tells a size and is missing.
    """
    try:
        projection = weights["lisa_dino_conv.weight"].shape
        queries = weights["lisa_attention_layers.0.cross_attn_token_to_image.q_proj.weight"]
        return SelectorConfig(
            feature_dim=int(projection[1]),
            hidden_dim=int(weights["text_hidden_fcs.0.0.weight"].shape[1]),
            width=int(projection[0]),
            num_blocks=_count(weights, "lisa_attention_layers."),
            num_heads=NUM_HEADS,
            attention_downsample=int(projection[0]) // len(queries),
            mlp_dim=len(weights["lisa_attention_layers.0.mlp.lin1.weight"]),
            iop_hidden_dim=len(weights["lisa_iou_head.0.weight"]),
            embedding_hidden_dim=len(weights["lisa_embedding_head.0.weight"]),
        )
    except KeyError as error:
        raise ValueError(f"this is no released checkpoint of LLM-Seg: missing {error}") from None


def _count(names: Iterable[str], prefix: str) -> int:
    """How many numbered parts are under `prefix`."""
    return len({name[len(prefix) :].partition(".")[0] for name in names if name.startswith(prefix)})


def split_lora(
    weights: Mapping[str, Tensor],
) -> tuple[dict[str, Tensor], dict[str, LoraPair]]:
    """The weights without LoRA, and the LoRA pairs by the name of the weight that they change.

    Raises:
        ValueError: naming what is missing of a pair, or a pair whose ranks differ.
    """
    plain: dict[str, Tensor] = {}
    factors: dict[str, dict[str, Tensor]] = {}
    for name, value in weights.items():
        match = _LORA.match(name)
        if match is None:
            plain[name] = value
        else:
            factors.setdefault(match[1], {})[match[2]] = value
    pairs = {}
    for module, found in factors.items():
        for factor in "AB":
            if factor not in found:
                raise ValueError(f"half a LoRA pair: missing {module}.lora_{factor}.default.weight")
        a, b = found["A"], found["B"]
        if a.shape[0] != b.shape[1]:
            raise ValueError(
                f"{module}: lora_A is {tuple(a.shape)} and lora_B {tuple(b.shape)}, they must "
                "share a rank"
            )
        pairs[f"{module}.weight"] = LoraPair(a, b)
    return plain, pairs


def merge_lora(weight: Tensor, pair: LoraPair, alpha: float) -> Tensor:
    """W + alpha / rank x B A, computed in float32, in the format of `weight`.

    Args:
        weight: (outputs, inputs).
        pair: the update.
        alpha: LoRA's scale, which leaves no trace in the weights.
    """
    scale = alpha / pair.a.shape[0]
    return (weight.float() + scale * (pair.b.float() @ pair.a.float())).to(weight.dtype)
