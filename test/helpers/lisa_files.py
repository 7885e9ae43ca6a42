# SPDX-License-Identifier: Apache-2.0
"""A released LISA in miniature: one folder as transformers wrote it, CLIP beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from helpers.original_sam import original_sam
from helpers.released_files import ADDED, SIZES, released_weights, write_llava, write_tokenizer
from helpers.released_reference import Weights, linear, seg_hidden

OWN = ("embed_tokens", "lm_head", "layers.", "norm.", "mm_projector", "text_hidden_fcs")


@dataclass(frozen=True)
class LisaFiles:
    """Where everything lies.

    Attributes:
        weights: of LISA under their plain names, and CLIP's.
        folder: LISA's.
        clip: CLIP's, which LISA's configuration names.
        tokenizer: LISA's, as sentencepiece reads it.
    """

    weights: Weights
    folder: Path
    clip: Path
    tokenizer: sentencepiece.SentencePieceProcessor


def write_lisa(folder: Path, seed: int = 0) -> LisaFiles:
    """Write everything, in three shards with an index."""
    place, clip = folder / "LISA-7B-v1", folder / "clip-vit"
    tokenizer = write_tokenizer(place)
    added = {token: number for token, number in ADDED.items() if number >= 400}
    (place / "added_tokens.json").write_text(json.dumps(added))
    weights = released_weights(seed)
    write_llava(place, clip, weights)
    for file in place.glob("pytorch_model*.bin"):
        file.unlink()
    module = {
        name if name.startswith("lm_head") else f"model.{name}": value
        for name, value in weights.items()
        if name.startswith(OWN) and ".lora_" not in name
    }
    module |= {
        f"model.visual_model.{name}": value for name, value in original_sam().state_dict().items()
    }
    module["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(6)
    names, index = sorted(module), {}
    for number in range(3):
        file = f"pytorch_model-0000{number + 1}-of-00003.bin"
        torch.save({name: module[name].clone() for name in names[number::3]}, place / file)
        index |= dict.fromkeys(names[number::3], file)
    (place / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    config = json.loads((place / "config.json").read_text())
    config |= {"architectures": ["LISAForCausalLM"], "out_dim": 32, "train_mask_decoder": True,
               "vision_tower": str(clip)}  # fmt: skip
    (place / "config.json").write_text(json.dumps(config))
    return LisaFiles(weights, place, clip, tokenizer)


def lisa_logits(files: LisaFiles, image: np.ndarray, instruction: str) -> Tensor:
    """The released forward pass: (H, W) logits of one instruction.

    The VLM by the plain functions of `released_reference`, SAM by segment-anything itself.
    """
    weights = {
        name: torch.zeros_like(value) if ".lora_" in name else value
        for name, value in files.weights.items()
    }  # merged already
    question = f"{instruction} Please output segmentation mask."
    hidden = seg_hidden(weights, image, question, files.tokenizer, ADDED, SIZES)
    inner = F.relu(linear(weights, "text_hidden_fcs.0.0", hidden))
    prompt = linear(weights, "text_hidden_fcs.0.2", inner)
    sam = original_sam()
    side, (height, width) = sam.image_encoder.img_size, image.shape[:2]
    scale = side / max(height, width)
    size = int(height * scale + 0.5), int(width * scale + 0.5)
    resized = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(resized)).permute(2, 0, 1).float()
    with torch.no_grad():
        _, dense = sam.prompt_encoder(points=None, boxes=None, masks=None)
        low, _ = sam.mask_decoder(
            image_embeddings=sam.image_encoder(sam.preprocess(pixels)[None]),
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=prompt[None, None],
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        logits: Tensor = sam.postprocess_masks(low, size, (height, width))
    return logits[0, 0]
