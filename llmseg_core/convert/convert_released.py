# SPDX-License-Identifier: Apache-2.0
"""Released checkpoints of LLM-Seg into model directories of this package.

What the checkpoint holds is what the released model runs with, so it goes before the folders: they
give the sizes, the tokenizer, and every network that the checkpoint leaves out. SAM always comes
from its folder, because the released model's proposals were made by SAM apart from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import (
    Dinov2Model,
    PreTrainedTokenizerBase,
    SamModel,
)

from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.network_files import load_network, refuse_wrong_keys
from llmseg_core.model_dir.networks import llava_7b_config
from llmseg_core.model_dir.original.dinov2 import (
    dinov2_from_original,
    dinov2_positions,
    load_original_dinov2,
)
from llmseg_core.model_dir.original.sam import load_original_sam
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.llava import LlavaV1ForConditionalGeneration
from llmseg_core.vlm.prompts import IMAGE_END, IMAGE_START, IMAGE_TOKEN, SEG_TOKEN

from .fill import fill, with_image_row
from .llava_original import LlavaFolder
from .released_checkpoint import (
    CLIP,
    DINOV2,
    LANGUAGE,
    PROJECTOR,
    LoraPair,
    find_released_file,
    is_never_used,
    llava_name,
    merge_lora,
    read_weights,
    released_selector_config,
    selector_name,
    split_lora,
)

__all__ = ["Conversion", "convert_released"]

ALPHA = 16.0
"""LoRA's scale in the released training."""
ADDED = (SEG_TOKEN, IMAGE_START, IMAGE_END)
"""Tokens that the released code adds where they are missing, in its order."""
_TRAINED = ("embed_tokens.weight", "lm_head.weight")
"""Weights of the language model that are trained in full, so every checkpoint has them."""
_LORA_TARGETS = ("self_attn.q_proj.weight", "self_attn.v_proj.weight")


@dataclass(frozen=True)
class Conversion:
    """What was done.

    Attributes:
        file: the checkpoint that was read.
        sources: for each network, "checkpoint" or "folder".
        lora: LoRA pairs that were merged.
        unused: weights of the checkpoint that the model has no use for.
        added: ids of the tokens that the folder's tokenizer did not have.
    """

    file: Path
    sources: Mapping[str, str]
    lora: int
    unused: int
    added: Mapping[str, int]


def convert_released(
    released: str | Path,
    llava: str | Path,
    sam: str | Path,
    dinov2: str | Path,
    out: str | Path,
    *,
    clip: str | Path | None = None,
    alpha: float = ALPHA,
    dtype: torch.dtype | None = None,
) -> Conversion:
    """Write the model directory of a released checkpoint, LoRA merged.

    Args:
        released: DeepSpeed checkpoint: the file, or a folder that holds it.
        llava: LLaVA-7B v1, original layout or transformers'.
        sam: original `.pth` file, or transformers' folder.
        dinov2: original `.pth` file, or transformers' folder.
        out: model directory, made or replaced.
        clip: CLIP's folder, if the LLaVA folder does not name it.
        alpha: LoRA's scale.
        dtype: number format of all weights; None keeps each file's.

    Raises:
        FileNotFoundError: if something is not there.
        ValueError: naming every missing and every unexpected weight, or what else does not fit.
    """
    file = find_released_file(released)
    found = read_weights(file)
    used = {name: value for name, value in found.items() if not is_never_used(name)}
    weights, lora = split_lora(used)
    folder = LlavaFolder(llava, clip)
    config = replace(llava_7b_config(), adapter=None)
    config = replace(config, selector=released_selector_config(weights))

    tokenizer = folder.tokenizer()
    added = add_released_tokens(tokenizer)
    vlm_config = folder.config(len(tokenizer), tokenizer.convert_tokens_to_ids(IMAGE_TOKEN))
    with torch.device("meta"):  # names and shapes only: the weights are never there twice
        vlm, selector = LlavaV1ForConditionalGeneration(vlm_config), MaskSelector(config.selector)
    vlm_names = {name: llava_name(name) for name in vlm.state_dict()}
    selector_names = {name: selector_name(name) for name in selector.state_dict()}

    groups = _Groups(vlm_names.values(), weights, lora)
    expected = {*vlm_names.values(), *selector_names.values()}
    surplus = {name for name in weights if not name.startswith(DINOV2)} - expected
    surplus |= {f"{name} (changed by LoRA)" for name in lora.keys() - expected}
    missing = {*selector_names.values(), *_TRAINED} - weights.keys() | groups.missing
    refuse_wrong_keys(file, missing, surplus)
    _check_vocabulary(tokenizer, len(weights["embed_tokens.weight"]), added)

    own_dinov2 = {k.removeprefix(DINOV2): v for k, v in weights.items() if k.startswith(DINOV2)}
    if groups.from_folder:
        base = folder.weights(with_clip="clip" in groups.from_folder)
        refuse_wrong_keys(folder.folder, expected - base.keys() - weights.keys(), ())
        weights = {**base, **weights}
    for name, pair in lora.items():
        weights[name] = merge_lora(weights[name], pair, alpha)
    for name in _TRAINED:
        weights[name] = with_image_row(weights[name], vlm_config.image_token_index)
    fill(vlm, vlm_names, weights, file, dtype)
    fill(selector, selector_names, weights, file, dtype)

    image_size = config.image_encoder.image_size
    encoder = dinov2_positions(_dinov2(dinov2, own_dinov2), image_size)
    proposer = _sam(sam)
    if dtype is not None:
        encoder, proposer = encoder.to(dtype), proposer.to(dtype)
    save_parts(ModelParts(config, proposer, encoder, vlm, tokenizer, selector), out)
    sources = {name: "folder" if name in groups.from_folder else "checkpoint" for name in _GROUPS}
    sources |= {"dinov2": "checkpoint" if own_dinov2 else "folder", "sam": "folder"}
    return Conversion(file, sources, len(lora), len(found) - len(used), added)


def add_released_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Give LLaVA's tokenizer the tokens that the released code adds, and the image token last.

    The released code adds [SEG], then <im_start> and <im_end>, each where it is missing; it has no
    entry for the image itself.

    Args:
        tokenizer: LLaVA's; changed in place.

    Returns:
        The ids of the new tokens.
    """
    known = set(tokenizer.get_vocab())
    new = [token for token in (*ADDED, IMAGE_TOKEN) if token not in known]
    tokenizer.add_tokens(new, special_tokens=True)
    tokenizer.pad_token = tokenizer.unk_token
    return {token: int(tokenizer.convert_tokens_to_ids(token)) for token in new}


def _check_vocabulary(
    tokenizer: PreTrainedTokenizerBase, rows: int, added: Mapping[str, int]
) -> None:
    if len(tokenizer) - 1 != rows:
        raise ValueError(
            f"the checkpoint has embeddings for {rows} tokens, LLaVA's tokenizer with "
            f"{', '.join(ADDED)} has {len(tokenizer) - 1}: it is another LLaVA than the one that "
            f"was trained (new in its vocabulary: {', '.join(added) or 'nothing'})"
        )


_GROUPS = {"language model": LANGUAGE, "projector": (PROJECTOR,), "clip": (CLIP,)}


class _Groups:
    """Which networks of the VLM the checkpoint holds; each must be there whole or not at all.

    Args:
        names: of the VLM's weights, as released.
        weights: of the checkpoint.
        lora: of the checkpoint.

    Attributes:
        from_folder: the networks that the checkpoint leaves out.
        missing: weights of the others that it lacks.
    """

    def __init__(
        self, names: Iterable[str], weights: Mapping[str, Tensor], lora: Mapping[str, LoraPair]
    ) -> None:
        self.from_folder: set[str] = set()
        self.missing: set[str] = set()
        names = set(names) - set(_TRAINED)
        for group, prefixes in _GROUPS.items():
            wanted = {name for name in names if name.startswith(prefixes)}
            lacking = wanted - weights.keys()
            if lacking == wanted:
                self.from_folder.add(group)
            else:
                self.missing |= lacking
        adapted = {n for n in names if n.startswith("layers.") and n.endswith(_LORA_TARGETS)}
        if lora or "language model" in self.from_folder:
            for name in adapted - lora.keys():
                module = name.removesuffix(".weight")
                self.missing |= {f"{module}.lora_{factor}.default.weight" for factor in "AB"}


def _sam(path: str | Path) -> SamModel:
    path = Path(path).expanduser()
    if path.is_file():
        return load_original_sam(path)
    model: SamModel = load_network(SamModel, str(path), None, "sdpa")
    return model


def _dinov2(path: str | Path, released: Mapping[str, Tensor]) -> Dinov2Model:
    """The image encoder: the checkpoint's weights if it has any, else those of `path`."""
    path = Path(path).expanduser()
    if path.is_file():
        return dinov2_from_original(released) if released else load_original_dinov2(path)
    model: Dinov2Model = load_network(Dinov2Model, str(path), None, "sdpa")
    if not released:
        return model
    return dinov2_from_original(released, model.config.num_attention_heads)
