# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helpers.tiny_prompted import tiny_sam2, tiny_sam2_video
from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.model_dir.video_network import load_video_network

RUNTIME = RuntimeConfig(device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model")
    tiny_sam2_video().save_pretrained(path / "sam")
    return path


def test_it_is_found_as_a_part_and_by_itself(folder: Path) -> None:
    shared = SharedNetworks()
    network = load_video_network(folder, RUNTIME, shared)
    assert not network.training
    assert load_video_network(folder / "sam", RUNTIME, shared) is network


def test_sam2_without_memory_is_refused(tmp_path: Path) -> None:
    tiny_sam2().save_pretrained(tmp_path / "images_only")
    with pytest.raises(ValueError, match=r"images_only.*'sam2'; it must be one of sam2_video"):
        load_video_network(tmp_path / "images_only", RUNTIME)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_video_network(tmp_path / "nowhere", RUNTIME)
