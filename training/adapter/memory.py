# SPDX-License-Identifier: Apache-2.0
"""How much memory a training step will take, before it is tried.

    weights        bytes of all parameters in their own number formats
    gradients      4 bytes for each number that learns; as many again for exchange between processes
    Adam           8 bytes for each number that learns
    activations    of the language model, head, selector (or mask decoder) and image encoder
    overhead       CUDA's context, libraries and fragmentation, 1.5 GiB

With DeepSpeed ZeRO-2 what learns is bfloat16 with a float32 copy; N processes share that copy,
gradients and Adam's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from llmseg_core.vlm.prompts import ANSWERS

from .objective import AdapterModel, VlmModel

__all__ = [
    "MemoryEstimate",
    "StepSize",
    "expected_memory",
    "layer_bytes_per_token",
    "parameter_bytes",
]

GIB = 2**30
OVERHEAD = 3 * GIB // 2
QUESTION_TOKENS = 60
"""Room for a question: LLM-Seg40K's have 15 words on average (paper section 4.3)."""


@dataclass(frozen=True)
class StepSize:
    """What one forward pass sees: batch_size images, each with most questions and proposals."""

    batch_size: int
    questions: int
    proposals: int


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on one device, by what they are for, in the order of the table.

    Attributes:
        parts: name and bytes.
        learning: how many numbers learn.
        frozen: how many do not.
    """

    parts: dict[str, int]
    learning: int
    frozen: int

    @property
    def total(self) -> int:
        """Bytes in all."""
        return sum(self.parts.values())

    def show(self) -> None:
        """Print the table, and what the device has."""
        title = f"expected memory: {self.learning:,} numbers learn, {self.frozen:,} do not"
        table = Table(title=title)
        table.add_column("")
        table.add_column("GiB", justify="right")
        for name, count in [*self.parts.items(), ("in all", self.total)]:
            table.add_row(name, f"{count / GIB:.2f}")
        console = Console(width=100)
        console.print(table)
        if torch.cuda.is_available():
            free, whole = torch.cuda.mem_get_info()
            console.print(f"the GPU has {whole / GIB:.1f} GiB, {free / GIB:.1f} of them still free")


def parameter_bytes(*modules: nn.Module) -> int:
    """Bytes of the parameters of modules, shared ones once."""
    own = {id(each): each for module in modules for each in module.parameters()}
    return sum(each.numel() * each.element_size() for each in own.values())


def expected_memory(
    model: VlmModel,
    image_encoder: nn.Module,
    size: StepSize,
    beside: Mapping[str, int] | None = None,
    *,
    checkpointing: bool,
    processes: int = 1,
    zero2: bool = False,
) -> MemoryEstimate:
    """The expected peak on each device.

    Args:
        model: what is trained.
        image_encoder: the frozen image encoder.
        size: of one forward pass.
        beside: bytes of the activations of what learns beside the VLM, by name; None counts those
            of a mask selector.
        checkpointing: whether the language model computes activations twice.
        processes: that train together.
        zero2: whether DeepSpeed ZeRO-2 shares gradients and Adam's state.
    """
    learning = sum(parameter.numel() for parameter in model.learning().values())
    everything = {id(p): p for module in (model, image_encoder) for p in module.parameters()}
    frozen = sum(p.numel() for p in everything.values() if not p.requires_grad)
    weights = parameter_bytes(model, image_encoder)
    if zero2:
        weights += -2 * learning + 4 * learning // processes
        gradients, adam = 2 * learning, 8 * learning // processes
    else:
        gradients, adam = 4 * learning * (2 if processes > 1 else 1), 8 * learning
    parts = {"weights": weights, "gradients": gradients, "Adam": adam}
    if beside is None:
        assert isinstance(model, AdapterModel)
        beside = _selector_activations(model, size)
    parts |= {
        **_vlm_activations(model, size, checkpointing),
        **beside,
        "image encoder": 16 * max(each.numel() for each in image_encoder.parameters()) * 2,
    }
    return MemoryEstimate({**parts, "overhead": OVERHEAD}, learning, frozen)


def layer_bytes_per_token(hidden: int, intermediate: int) -> int:
    """Bytes that one LLaMA layer with LoRA on two projections keeps for backward in bfloat16.

    Counted on transformers' layer: residuals and norms in float32, queries, keys, values, the
    result of attention and LoRA's inputs make 29 a channel, the MLP 6 an inner channel.
    """
    return 29 * hidden + 6 * intermediate


def _selector_activations(model: AdapterModel, size: StepSize) -> dict[str, int]:
    """What the mask selector keeps from forward to backward."""
    selector = model.selector.config
    masks = size.batch_size * size.questions * size.proposals
    width = 40 * selector.width + 6 * selector.mlp_dim + 4 * selector.embedding_hidden_dim
    return {"selector's activations": 4 * masks * width}


def _vlm_activations(model: VlmModel, size: StepSize, checkpointing: bool) -> dict[str, int]:
    """What the language model keeps from forward to backward.

    Checkpointing keeps the float32 input of each layer, and one layer whole while it is recomputed.
    """
    encoder = model.seg_token_encoder
    text = encoder.llava.config.text_config
    rows = size.batch_size * size.questions
    answer = max(ANSWERS, key=len)
    longest = encoder.training_batch(["?"], [answer]).input_ids.shape[1] + QUESTION_TOKENS
    tokens = rows * min(longest, text.max_position_embeddings)
    scored = rows * len(encoder.tokenizer.encode(answer))
    layer = tokens * layer_bytes_per_token(text.hidden_size, text.intermediate_size)
    layers = text.num_hidden_layers
    kept = tokens * 4 * text.hidden_size * layers + layer if checkpointing else layer * layers
    return {
        "language model's activations": kept,
        "head's logits": scored * 10 * text.vocab_size,  # bfloat16, float32, and their gradient
    }
