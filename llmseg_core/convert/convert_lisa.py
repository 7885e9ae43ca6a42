# SPDX-License-Identifier: Apache-2.0
"""Released weights of LISA (dvlab-research) into model directories of this package.

LISA-7B-v1 is one folder as transformers wrote it (`pytorch_model-0000N-of-0000M.bin`, LoRA merged):
LLaVA-7B v1, the whole SAM ViT-H with its trained mask decoder, and the projection. CLIP is apart,
because LISA never trains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from llmseg_core.config import LisaConfig, SegTokenConfig
from llmseg_core.model_dir.lisa_files import LisaParts, save_lisa
from llmseg_core.model_dir.network_files import refuse_wrong_keys
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.vlm.llava import LlavaV1ForConditionalGeneration
from llmseg_core.vlm.prompts import IMAGE_END, IMAGE_START, IMAGE_TOKEN, SEG_TOKEN
from llmseg_core.vlm.tokenizer import name_special_tokens

from .fill import fill, with_image_row
from .llava_original import LlavaFolder
from .released_checkpoint import is_unused_buffer, llava_name

__all__ = ["LisaConversion", "convert_lisa"]

SAM = "visual_model."
"""Prefix of SAM's weights, which follow in segment-anything's names."""
PROJECTION = {
    f"{layer}.{kind}": f"text_hidden_fcs.0.{layer}.{kind}"
    for layer in (0, 2)
    for kind in ("weight", "bias")
}
"""Names of the projection's weights, ours and the released ones."""
_EMBEDDINGS = ("embed_tokens.weight", "lm_head.weight")


@dataclass(frozen=True)
class LisaConversion:
    """What was done.

    Attributes:
        folder: that was read.
        weights: how many of them were used.
        unused: weights that the model has no use for.
    """

    folder: Path
    weights: int
    unused: int


def convert_lisa(
    lisa: str | Path,
    out: str | Path,
    *,
    clip: str | Path | None = None,
    dtype: torch.dtype | None = None,
) -> LisaConversion:
    """Write the model directory of a released LISA with LLaVA v1.

    Args:
        lisa: folder of LISA-7B-v1, or of one that its `merge_lora_weights_and_save_hf_model.py`
            has written.
        out: model directory, made or replaced.
        clip: CLIP's folder, if LISA's configuration does not name it.
        dtype: number format of all weights; None keeps each file's.

    Raises:
        FileNotFoundError: if something is not there.
        ValueError: naming every missing and every unexpected weight, or what else does not fit.
    """
    folder = LlavaFolder(lisa, clip)
    if not folder.is_original:
        raise ValueError(f"{folder.folder} is no released LISA: its config.json has a text_config")
    weights = folder.weights()
    used = {name: value for name, value in weights.items() if not is_unused_buffer(name)}

    tokenizer = folder.tokenizer()
    known = set(tokenizer.get_vocab())
    for token in (SEG_TOKEN, IMAGE_START, IMAGE_END):
        if token not in known:
            raise ValueError(f"{folder.folder} is no released LISA: its tokenizer has no {token}")
    name_special_tokens(tokenizer)  # the image's own, for which LISA has no entry
    image = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    config = folder.config(len(tokenizer), image)
    with torch.device("meta"):  # names and shapes only: the weights are never there twice
        vlm = LlavaV1ForConditionalGeneration(config)
    vlm_names = {name: llava_name(name) for name in vlm.state_dict()}

    own = {name for name in used if not name.startswith(SAM)}
    expected = {*vlm_names.values(), *PROJECTION.values()}
    refuse_wrong_keys(folder.folder, expected - own, own - expected)
    rows = len(used["embed_tokens.weight"])
    if rows != len(tokenizer) - (IMAGE_TOKEN not in known):
        raise ValueError(
            f"{folder.folder} has embeddings for {rows} tokens, its tokenizer has {len(known)}"
        )
    if IMAGE_TOKEN not in known:
        for name in _EMBEDDINGS:
            used[name] = with_image_row(used[name], image)
    fill(vlm, vlm_names, used, folder.folder, dtype)

    try:
        sam = sam_from_original(
            {name.removeprefix(SAM): value for name, value in used.items() if name.startswith(SAM)}
        )
    except ValueError as error:
        raise ValueError(f"{folder.folder}: {SAM}*: {error}") from error
    sam = sam if dtype is None else sam.to(dtype)
    decoder = SegPromptDecoder(sam, config.text_config.hidden_size)
    fill(decoder.seg_projection, PROJECTION, used, folder.folder, dtype)
    settings = LisaConfig(profile="lisa-7b", seg_token=SegTokenConfig(trim=True))
    save_lisa(LisaParts(settings, sam, vlm, tokenizer, decoder), out)
    return LisaConversion(folder.folder, len(used), len(weights) - len(used))
