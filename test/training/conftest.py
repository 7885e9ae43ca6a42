# SPDX-License-Identifier: Apache-2.0
"""What the tests of training share."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from helpers.tiny_model import tiny_llava_config, tiny_parts
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.vlm.tokenizer import build_tokenizer
from llmseg_training.questions import iter_instructions
from llmseg_training.scenes import SceneConfig, SceneFolder, write_scenes


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneFolder:
    """Four small rendered scenes; they may not be changed."""
    config = SceneConfig(width=96, height=72, edge_samples=0)
    return SceneFolder(write_scenes(tmp_path_factory.mktemp("scenes"), "train", 4, config=config))


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """One that knows instructions."""
    return build_tokenizer(iter_instructions("train", 200))


@pytest.fixture(scope="session")
def parts(tokenizer: PreTrainedTokenizerFast) -> ModelParts:
    """A tiny model with random weights and room for every instruction; it may not be changed."""
    config = tiny_llava_config(tokenizer)
    config.text_config.max_position_embeddings = 128
    with torch.random.fork_rng():
        torch.manual_seed(0)
        llava = LlavaForConditionalGeneration(config).eval()
    return replace(tiny_parts(), llava=llava, tokenizer=tokenizer)


@pytest.fixture
def fresh_parts(parts: ModelParts) -> ModelParts:
    """The same for one test, which may change it."""
    return copy.deepcopy(parts)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def model_folder(parts: ModelParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model directory of `parts`; it may not be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_parts(parts, folder)
    return folder
