# SPDX-License-Identifier: Apache-2.0
"""One tiny model for all tests of the core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from helpers.tiny_model import tiny_parts
from llmseg_core import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.runtime import device
from llmseg_core.vlm.seg_token import SegTokenEncoder


@pytest.fixture(scope="session")
def parts() -> ModelParts:
    """Shared by all tests, so none may change it."""
    return tiny_parts()


@pytest.fixture(scope="session")
def tokenizer(parts: ModelParts) -> PreTrainedTokenizerFast:
    return parts.tokenizer


@pytest.fixture(scope="session")
def encoder(parts: ModelParts) -> SegTokenEncoder:
    return SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)


@pytest.fixture(scope="session")
def pipeline(parts: ModelParts) -> LLMSegPipeline:
    return LLMSegPipeline.from_parts(parts)


@pytest.fixture(scope="session")
def model_folder(parts: ModelParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model directory of `parts`; it may not be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_parts(parts, folder)
    return folder


@pytest.fixture
def image() -> np.ndarray:
    """(48, 64, 3) uint8: three flat things on noise."""
    image = np.random.default_rng(0).integers(90, 120, (48, 64, 3), dtype=np.uint8)
    image[8:24, 6:22] = (200, 30, 30)
    image[20:40, 30:50] = (30, 200, 60)
    image[4:14, 44:60] = (40, 60, 220)
    return image


@pytest.fixture
def fast_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU with units for every number format."""
    monkeypatch.setattr(device, "_said_by_cpu", lambda: {"amx_bf16", "amx_fp16"})


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(1)
