# SPDX-License-Identifier: Apache-2.0
"""A released checkpoint of LLM-Seg in miniature, with everything that it is converted with."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import Tensor
from transformers import CLIPVisionConfig

from helpers.original_sam import original_sam
from helpers.released_reference import SYSTEM, Sizes, Weights

SIZES = Sizes(dino_heads=2, clip_heads=2, text_heads=2)
DINO, CLIP, TEXT, WIDTH = 128, 16, 24, 32
TRAINED = ("embed_tokens", "lm_head", "text_hidden_fcs", "lisa_")
BASE_VOCABULARY = 401
"""pieces of the tokenizer, and <im_patch>, which LLaVA added"""
ADDED = {"<im_patch>": 400, "[SEG]": 401, "<im_start>": 402, "<im_end>": 403, "</s>": 2}


@dataclass(frozen=True)
class ReleasedFiles:
    """Where everything lies.

    Attributes:
        weights: of the checkpoint, frozen parts included, under their plain names.
        checkpoint: folder of the DeepSpeed checkpoint; `file` is its weights.
        llava: folder of LLaVA in its original layout; it names CLIP's.
        sam: original SAM.
        dinov2: original DINOv2.
        tokenizer: LLaVA's, as sentencepiece reads it.
    """

    weights: Weights
    checkpoint: Path
    llava: Path
    sam: Path
    dinov2: Path
    tokenizer: sentencepiece.SentencePieceProcessor

    @property
    def file(self) -> Path:
        return self.checkpoint / "global_step5000" / "mp_rank_00_model_states.pt"


def released_weights(seed: int = 0) -> Weights:
    """All weights of a released checkpoint in a tiny size, random."""
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(name: str, outputs: int, inputs: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs)
        if bias:
            shapes[f"{name}.bias"] = (outputs,)

    def layer_norm(name: str, width: int) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    def blocks(prefix: str, width: int, names: tuple[str, str]) -> None:
        for i in range(2):
            block = f"{prefix}.{i}"
            for norm in names:
                layer_norm(f"{block}.{norm}", width)
            layer(f"{block}.mlp.fc1", 2 * width, width)
            layer(f"{block}.mlp.fc2", width, 2 * width)

    rows = BASE_VOCABULARY + 3
    shapes["embed_tokens.weight"] = shapes["lm_head.weight"] = (rows, TEXT)
    for i in range(2):
        block = f"layers.{i}"
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            layer(f"{block}.self_attn.{part}", TEXT, TEXT, bias=False)
        for part in ("q_proj", "v_proj"):
            shapes[f"{block}.self_attn.{part}.lora_A.default.weight"] = (4, TEXT)
            shapes[f"{block}.self_attn.{part}.lora_B.default.weight"] = (TEXT, 4)
        layer(f"{block}.mlp.gate_proj", 40, TEXT, bias=False)
        layer(f"{block}.mlp.up_proj", 40, TEXT, bias=False)
        layer(f"{block}.mlp.down_proj", TEXT, 40, bias=False)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{block}.{norm}.weight"] = (TEXT,)
    shapes["norm.weight"] = (TEXT,)
    layer("mm_projector", TEXT, CLIP)

    clip = "vision_tower.vision_tower.vision_model"
    shapes[f"{clip}.embeddings.class_embedding"] = (CLIP,)
    shapes[f"{clip}.embeddings.patch_embedding.weight"] = (CLIP, 3, 14, 14)
    shapes[f"{clip}.embeddings.position_embedding.weight"] = (1 + 16, CLIP)
    layer_norm(f"{clip}.pre_layrnorm", CLIP)
    layer_norm(f"{clip}.post_layernorm", CLIP)
    blocks(f"{clip}.encoder.layers", CLIP, ("layer_norm1", "layer_norm2"))
    for i in range(2):
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer(f"{clip}.encoder.layers.{i}.self_attn.{part}", CLIP, CLIP)

    dino = "visual_model_dinov2"
    shapes[f"{dino}.cls_token"], shapes[f"{dino}.mask_token"] = (1, 1, DINO), (1, DINO)
    shapes[f"{dino}.pos_embed"] = (1, 1 + 9, DINO)
    shapes[f"{dino}.patch_embed.proj.weight"] = (DINO, 3, 14, 14)
    shapes[f"{dino}.patch_embed.proj.bias"] = (DINO,)
    blocks(f"{dino}.blocks", DINO, ("norm1", "norm2"))
    for i in range(2):
        layer(f"{dino}.blocks.{i}.attn.qkv", 3 * DINO, DINO)
        layer(f"{dino}.blocks.{i}.attn.proj", DINO, DINO)
        shapes[f"{dino}.blocks.{i}.ls1.gamma"] = shapes[f"{dino}.blocks.{i}.ls2.gamma"] = (DINO,)
    layer_norm(f"{dino}.norm", DINO)

    layer("text_hidden_fcs.0.0", TEXT, TEXT)
    layer("text_hidden_fcs.0.2", WIDTH, TEXT)
    shapes["lisa_dino_conv.weight"], shapes["lisa_dino_conv.bias"] = (WIDTH, DINO, 1, 1), (WIDTH,)
    attentions = ["lisa_final_attn"]
    for i in range(2):
        block = f"lisa_attention_layers.{i}"
        attentions += [
            f"{block}.{name}"
            for name in ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token")
        ]
        layer(f"{block}.mlp.lin1", 48, WIDTH)
        layer(f"{block}.mlp.lin2", WIDTH, 48)
        for n in range(1, 5):
            layer_norm(f"{block}.norm{n}", WIDTH)
    for attention in attentions:
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer(f"{attention}.{part}", WIDTH, WIDTH)
    layer_norm("lisa_norm_final_attn", WIDTH)
    layer("lisa_iou_head.0", 20, WIDTH)
    layer("lisa_iou_head.2", 1, 20)
    layer("lisa_embedding_head.0", 28, WIDTH)
    layer("lisa_embedding_head.2", WIDTH, 28)
    generator = torch.Generator().manual_seed(seed)
    return {name: _random(name, shape, generator) for name, shape in shapes.items()}


def _random(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    value = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        return 0.2 * value + ("norm" in name and name.endswith("weight")) + ("gamma" in name)
    if name == "embed_tokens.weight" or "pos" in name or "lora" in name:
        return value
    return value / torch.tensor(shape[1:]).prod() ** 0.5


def write_released(
    folder: Path, prefix: str = "base_model.model.", frozen: bool = True, seed: int = 0
) -> ReleasedFiles:
    """Write everything.

    Args:
        folder: gets all files.
        prefix: before every name of the checkpoint.
        frozen: whether the checkpoint holds the frozen networks too; the folders of LLaVA, CLIP
            and DINOv2 then hold other weights.
        seed: of the weights.
    """
    weights = released_weights(seed)
    module = {
        prefix + ("" if name.startswith("lm_head") else "model.") + name: value
        for name, value in weights.items()
        if frozen or name.startswith(TRAINED) or ".lora_" in name
    }
    if frozen:
        module[f"{prefix}model.visual_model.image_encoder.pos_embed"] = torch.zeros(1)
        module[f"{prefix}model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(6)
        name = "vision_tower.vision_tower.vision_model.embeddings.position_ids"
        module[f"{prefix}model.{name}"] = torch.zeros(1, 17)
    files = ReleasedFiles(
        weights,
        folder / "ckpt_model",
        folder / "LLaVA-lightning-7B-v1",
        folder / "sam.pth",
        folder / "dinov2.pth",
        write_tokenizer(folder / "LLaVA-lightning-7B-v1"),
    )
    _write_deepspeed(files, module)
    outside = released_weights(seed + 1) if frozen else weights
    write_llava(files.llava, folder / "clip-vit", outside)
    torch.save(_part(outside, "visual_model_dinov2."), files.dinov2)
    torch.save(original_sam().state_dict(), files.sam)
    return files


def _write_deepspeed(files: ReleasedFiles, module: Weights) -> None:
    files.file.parent.mkdir(parents=True)
    (files.checkpoint / "latest").write_text("global_step5000")
    (files.file.parent / "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt").write_bytes(b"")
    torch.save(
        {
            "module": OrderedDict(module),
            "buffer_names": [],
            "optimizer": None,
            "param_shapes": [OrderedDict((k, v.shape) for k, v in module.items())],
            "shared_params": {},
            "sparse_tensor_module_names": set(),
            "global_steps": 5000,
            "ds_config": {"bf16": {"enabled": True}},
            "ds_version": "0.10.0",
        },
        files.file,
    )


def write_tokenizer(folder: Path) -> sentencepiece.SentencePieceProcessor:
    folder.mkdir(parents=True)
    corpus = folder / "corpus.txt"
    corpus.write_text(f"{SYSTEM} USER: Which red cup could hold tea? ASSISTANT: It is.\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=BASE_VOCABULARY - 1,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    corpus.unlink()
    (folder / "tokenizer_config.json").write_text(
        json.dumps({
            "tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>",
            "unk_token": "<unk>", "model_max_length": 2048,
        })
    )  # fmt: skip
    (folder / "added_tokens.json").write_text(json.dumps({"<im_patch>": ADDED["<im_patch>"]}))
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def write_llava(folder: Path, clip: Path, weights: Weights) -> None:
    """LLaVA's own layout: a language model with a projector, in two files; CLIP beside it."""
    config = {
        "architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava", "hidden_size": TEXT,
        "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": SIZES.text_heads,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "mm_hidden_size": CLIP,
        "mm_vision_select_layer": -2, "mm_vision_tower": str(clip), "mm_use_im_start_end": True,
        "vocab_size": BASE_VOCABULARY,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    own = {
        name if name.startswith("lm_head") else f"model.{name}":
        value[:BASE_VOCABULARY] if name.startswith(("embed_tokens", "lm_head")) else value
        for name, value in weights.items()
        if name.startswith(("embed_tokens", "lm_head", "layers.", "norm.", "mm_projector"))
        and ".lora_" not in name
    }  # fmt: skip
    names = sorted(own)
    for number, part in enumerate((names[::2], names[1::2]), 1):
        torch.save(
            {n: own[n].clone() for n in part}, folder / f"pytorch_model-0000{number}-of-00002.bin"
        )
    CLIPVisionConfig(
        image_size=56,
        patch_size=14,
        hidden_size=CLIP,
        intermediate_size=2 * CLIP,
        num_hidden_layers=2,
        num_attention_heads=SIZES.clip_heads,
    ).save_pretrained(clip)
    vision = _part(weights, "vision_tower.vision_tower.")
    vision["text_model.final_layer_norm.weight"] = torch.zeros(CLIP)  # CLIP's text side is there
    torch.save(vision, clip / "pytorch_model.bin")


def _part(weights: Weights, prefix: str) -> Weights:
    return {
        name.removeprefix(prefix): value.clone()
        for name, value in weights.items()
        if name.startswith(prefix)
    }
