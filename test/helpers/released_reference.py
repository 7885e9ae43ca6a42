# SPDX-License-Identifier: Apache-2.0
"""The released model's forward pass in plain functions, from the paper and the facts of the method.

Nothing here uses the package or transformers. `w` maps released names, without the wrappers of
training, to weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import sentencepiece
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]

SYSTEM = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)


@dataclass(frozen=True)
class Sizes:
    """What leaves no trace in the weights."""

    dino_heads: int
    clip_heads: int
    text_heads: int
    lora_alpha: float = 16.0
    dino_pixels: int = 896
    fusion_heads: int = 8


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))


def norm(w: Weights, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, causal: bool = False) -> Tensor:
    """(N, T, C) each; softmax(q k / sqrt(d)) v for every head."""
    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
    if causal:
        future = torch.ones(scores.shape[2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, -math.inf)
    return (scores.softmax(3) @ v).transpose(1, 2).flatten(2)


# ------------------------------------------------------------------ images


def dino_input(image: np.ndarray, side: int) -> Tensor:
    """Longest side to `side`, SAM's mean and deviation, zeros to the right and below."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    height, width = int(height * scale + 0.5), int(width * scale + 0.5)
    resized = np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    pixels = torch.from_numpy(resized).permute(2, 0, 1).float()
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    deviation = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    return F.pad((pixels - mean) / deviation, (0, side - width, 0, side - height))[None]


def dinov2(w: Weights, pixels: Tensor, heads: int) -> Tensor:
    """(1, 3, S, S) to the normalised patch tokens as a map (C, h, h)."""
    w = {k.removeprefix("visual_model_dinov2."): v for k, v in w.items()}
    patch = w["patch_embed.proj.weight"].shape[2]
    tokens = F.conv2d(pixels, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], patch)
    cells = tokens.shape[2]
    positions = w["pos_embed"]
    table = int(math.sqrt(positions.shape[1] - 1))
    grid = positions[:, 1:].reshape(1, table, table, -1).permute(0, 3, 1, 2)
    scale = (cells + 0.1) / table
    grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    x = torch.cat((w["cls_token"], tokens.flatten(2).transpose(1, 2)), 1)
    x = x + torch.cat((positions[:, :1], grid.flatten(2).transpose(1, 2)), 1)
    for i in range(count(w, "blocks.")):
        name = f"blocks.{i}"
        q, k, v = linear(w, f"{name}.attn.qkv", norm(w, f"{name}.norm1", x, 1e-6)).chunk(3, 2)
        x = x + w[f"{name}.ls1.gamma"] * linear(w, f"{name}.attn.proj", attend(q, k, v, heads))
        hidden = F.gelu(linear(w, f"{name}.mlp.fc1", norm(w, f"{name}.norm2", x, 1e-6)))
        x = x + w[f"{name}.ls2.gamma"] * linear(w, f"{name}.mlp.fc2", hidden)
    return norm(w, "norm", x, 1e-6)[0, 1:].T.reshape(-1, cells, cells)


def clip_input(image: np.ndarray, side: int) -> Tensor:
    """Shortest side to `side` (bicubic), the middle square, CLIP's mean and deviation."""
    height, width = image.shape[:2]
    short, long = min(height, width), max(height, width)
    longer = int(side * long / short)
    size = (side, longer) if width <= height else (longer, side)
    resized = np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    top, left = (resized.shape[0] - side) // 2, (resized.shape[1] - side) // 2
    pixels = torch.from_numpy(resized[top : top + side, left : left + side]).permute(2, 0, 1) / 255
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    return ((pixels - mean) / deviation)[None]


def clip(w: Weights, pixels: Tensor, heads: int) -> Tensor:
    """(1, 3, S, S) to the patch features before the last layer, (T, C)."""
    prefix = "vision_tower.vision_tower.vision_model."
    w = {k.removeprefix(prefix): v for k, v in w.items() if k.startswith(prefix)}
    patches = w["embeddings.patch_embedding.weight"]
    tokens = F.conv2d(pixels, patches, stride=patches.shape[2]).flatten(2).transpose(1, 2)
    x = torch.cat((w["embeddings.class_embedding"].expand(1, 1, -1), tokens), 1)
    x = norm(w, "pre_layrnorm", x + w["embeddings.position_embedding.weight"])
    for i in range(count(w, "encoder.layers.") - 1):
        name = f"encoder.layers.{i}"
        y = norm(w, f"{name}.layer_norm1", x)
        q, k, v = (linear(w, f"{name}.self_attn.{p}_proj", y) for p in "qkv")
        x = x + linear(w, f"{name}.self_attn.out_proj", attend(q, k, v, heads))
        y = linear(w, f"{name}.mlp.fc1", norm(w, f"{name}.layer_norm2", x))
        x = x + linear(w, f"{name}.mlp.fc2", y * torch.sigmoid(1.702 * y))
    return x[0, 1:]


# ------------------------------------------------------------------ language


def prompt_ids(
    tokenizer: sentencepiece.SentencePieceProcessor, added: dict[str, int], question: str
) -> tuple[list[int], list[int]]:
    """Token ids before the image and after it.

    The tokenizer of that time cut a text at added tokens, dropped the blanks beside them, and gave
    each piece to sentencepiece alone; the text is first cut at the image itself.
    """
    text = f"{SYSTEM} USER: <im_start><image><im_end>\n {question.strip()} ASSISTANT: [SEG].</s>"
    before, after = text.split("<image>")
    halves = []
    for half in (before, after):
        pieces = [half]
        for token in added:
            cut: list[str] = []
            for piece in pieces:
                for part in piece.split(token):
                    cut += [part, token]
                cut.pop()
            pieces = cut
        ids = []
        for piece in pieces:
            ids += [added[piece]] if piece in added else tokenizer.encode(piece.strip())
        halves.append(ids)
    return [tokenizer.bos_id(), *halves[0]], halves[1]


def llama(w: Weights, x: Tensor, heads: int, alpha: float) -> Tensor:
    """(1, T, C) embeddings to the last hidden states, LoRA beside its layers."""

    def rms(name: str, x: Tensor) -> Tensor:
        return w[f"{name}.weight"] * x / (x.square().mean(2, keepdim=True) + 1e-6).sqrt()

    def adapted(name: str, x: Tensor) -> Tensor:
        a, b = w[f"{name}.lora_A.default.weight"], w[f"{name}.lora_B.default.weight"]
        return linear(w, name, x) + alpha / len(a) * (x @ a.T @ b.T)

    def turned(x: Tensor) -> Tensor:
        width = x.shape[2] // heads
        speed = 10000 ** -(torch.arange(0, width, 2) / width)
        angle = torch.outer(torch.arange(x.shape[1]).float(), speed).repeat(1, 2)[:, None]
        x = x.unflatten(2, (heads, width))
        first, second = x.chunk(2, 3)
        return (x * angle.cos() + torch.cat((-second, first), 3) * angle.sin()).flatten(2)

    for i in range(count(w, "layers.")):
        name = f"layers.{i}"
        y = rms(f"{name}.input_layernorm", x)
        q, v = (adapted(f"{name}.self_attn.{p}_proj", y) for p in "qv")
        k = linear(w, f"{name}.self_attn.k_proj", y)
        read = attend(turned(q), turned(k), v, heads, causal=True)
        x = x + linear(w, f"{name}.self_attn.o_proj", read)
        y = rms(f"{name}.post_attention_layernorm", x)
        gate = F.silu(linear(w, f"{name}.mlp.gate_proj", y))
        x = x + linear(w, f"{name}.mlp.down_proj", gate * linear(w, f"{name}.mlp.up_proj", y))
    return rms("norm", x)


def seg_hidden(
    w: Weights,
    image: np.ndarray,
    question: str,
    tokenizer: sentencepiece.SentencePieceProcessor,
    added: dict[str, int],
    sizes: Sizes,
) -> Tensor:
    """The hidden state at the position before the seg token, (hidden,)."""
    side = clip_side(w)
    features = linear(w, "mm_projector", clip(w, clip_input(image, side), sizes.clip_heads))
    before, after = prompt_ids(tokenizer, added, question)
    table = w["embed_tokens.weight"]
    x = torch.cat((table[before], features, table[after]))[None]
    position = len(before) + len(features) + after.index(added["[SEG]"]) - 1
    return llama(w, x, sizes.text_heads, sizes.lora_alpha)[0, position]


def clip_side(w: Weights) -> int:
    prefix = "vision_tower.vision_tower.vision_model.embeddings."
    patches = len(w[f"{prefix}position_embedding.weight"]) - 1
    return math.isqrt(patches) * int(w[f"{prefix}patch_embedding.weight"].shape[2])


# ------------------------------------------------------------------ selection


def mask_embeddings(w: Weights, feature_map: Tensor, masks: Tensor) -> Tensor:
    """1 x 1 convolution, bilinear to 256 x 256, weighted mean under each (K, H, W) mask."""
    features = F.conv2d(feature_map[None], w["lisa_dino_conv.weight"], w["lisa_dino_conv.bias"])
    features = F.interpolate(features, (256, 256), mode="bilinear")[0].flatten(1)
    height, width = masks.shape[1:]
    side = max(height, width)
    square = F.pad(masks.double(), (0, side - width, 0, side - height))
    weights = F.interpolate(square[None], (256, 256), mode="bilinear", antialias=True)[0]
    weights = weights.float().flatten(1)
    return weights @ features.T / (weights.sum(1, keepdim=True) + 1e-8)


def scores(w: Weights, masks: Tensor, hidden: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """(K, D) mask embeddings and one hidden state to similarity and IoP of every proposal."""

    def attention(name: str, q: Tensor, kv: Tensor) -> Tensor:
        keys, values = (linear(w, f"{name}.{part}_proj", kv) for part in "kv")
        read = attend(linear(w, f"{name}.q_proj", q), keys, values, heads)
        return linear(w, f"{name}.out_proj", read)

    seg = linear(w, "text_hidden_fcs.0.2", F.relu(linear(w, "text_hidden_fcs.0.0", hidden)))
    x, key = masks[None], seg[None, None]
    for i in range(count(w, "lisa_attention_layers.")):
        name = f"lisa_attention_layers.{i}"
        x = norm(w, f"{name}.norm1", x + attention(f"{name}.self_attn", x, x))
        x = norm(w, f"{name}.norm2", x + attention(f"{name}.cross_attn_token_to_image", x, key))
        hidden = F.relu(linear(w, f"{name}.mlp.lin1", x))
        x = norm(w, f"{name}.norm3", x + linear(w, f"{name}.mlp.lin2", hidden))
        key = norm(w, f"{name}.norm4", key + attention(f"{name}.cross_attn_image_to_token", key, x))
    x = norm(w, "lisa_norm_final_attn", x + attention("lisa_final_attn", x, key))[0]
    iop = torch.sigmoid(linear(w, "lisa_iou_head.2", F.relu(linear(w, "lisa_iou_head.0", x))))
    y = linear(w, "lisa_embedding_head.2", F.relu(linear(w, "lisa_embedding_head.0", x)))
    similarity = (y / y.norm(dim=1, keepdim=True)) @ (seg / seg.norm())
    return similarity, iop[:, 0]


def count(w: Weights, prefix: str) -> int:
    return len({name[len(prefix) :].split(".")[0] for name in w if name.startswith(prefix)})
