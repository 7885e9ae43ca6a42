# SPDX-License-Identifier: Apache-2.0
"""The interface of a method: what is done once a frame, and what is done once an instruction.

The node, the command line, evaluation, benchmark and demo know a method by this alone.
"""

from __future__ import annotations

from pathlib import Path

from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.network_files import SharedNetworks

from .llm_seg import LLMSegPipeline

__all__ = ["load_method"]


def load_method(
    directory: str | Path = "embedded",
    runtime: RuntimeConfig | None = None,
    shared: SharedNetworks | None = None,
) -> LLMSegPipeline:
    """The method of a model directory."""
    return LLMSegPipeline.from_pretrained(directory, runtime, shared)
