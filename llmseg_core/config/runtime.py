# SPDX-License-Identifier: Apache-2.0
"""Where and how the networks run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from .limits import AtLeast, OneOf
from .settings import Settings

__all__ = ["RuntimeConfig"]


@dataclass(frozen=True)
class RuntimeConfig(Settings):
    """Where and how the networks run; not part of a model directory."""

    device: str = "cpu"
    """a torch device: "cpu", "cuda", "cuda:1" """
    dtype: Annotated[str, OneOf("float32", "bfloat16", "float16")] = "float32"
    """"float32", "bfloat16" or "float16" """
    attention: Annotated[str, OneOf("sdpa", "eager", "flash_attention_2")] = "sdpa"
    """attention implementation of transformers: "sdpa", "eager" or "flash_attention_2"; SAM's image
    encoder, which adds a bias to its scores, always takes "sdpa" """
    memory_budget_mb: Annotated[int, AtLeast(1)] | None = None
    """MB (2^20 bytes) for everything mode beside weights and image encoder; None takes 4096 on a
    GPU, and on a CPU what its caches hold"""
    compile: bool = False
    """whether SAM is compiled by torch.compile: nearly exact, faster after minutes of compiling"""
    cuda_graphs: bool = True
    """whether a GPU records the large networks' passes and plays them back: the same numbers with
    far less work for the CPU, and some more memory of the GPU"""
