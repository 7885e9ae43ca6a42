# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helpers.no_network import no_network
from helpers.released_files import ReleasedFiles, write_released
from llmseg_core.convert.llava_original import PUBLISHED_CLIP, LlavaFolder


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    with no_network() as refused:
        yield
    assert refused == []


@pytest.fixture
def files(tmp_path: Path) -> ReleasedFiles:
    return write_released(tmp_path, frozen=False)


def name_clip(files: ReleasedFiles, name: str) -> None:
    file = files.llava / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"mm_vision_tower": name}))


def test_clip_is_read_from_the_folder_that_the_configuration_names(files: ReleasedFiles) -> None:
    folder = LlavaFolder(files.llava)
    assert folder.config(404, 403).vision_config.image_size == 56
    name = "vision_tower.vision_tower.vision_model.pre_layrnorm.weight"
    assert torch.equal(folder.weights()[name], files.weights[name])


def test_the_sizes_of_the_published_clip_are_known_without_its_files(files: ReleasedFiles) -> None:
    name_clip(files, PUBLISHED_CLIP)
    config = LlavaFolder(files.llava).config(404, 403).vision_config
    assert (config.image_size, config.patch_size, config.hidden_size) == (224, 14, 1024)
    assert LlavaFolder(files.llava).weights(with_clip=False)
    with pytest.raises(FileNotFoundError, match=r"clip-vit-large-patch14 is no folder.*--clip"):
        LlavaFolder(files.llava).weights()


def test_another_clip_that_is_not_here_is_not_fetched(files: ReleasedFiles) -> None:
    name_clip(files, "some-org/some-clip")
    folder = LlavaFolder(files.llava)
    with pytest.raises(FileNotFoundError, match=r"some-org/some-clip.*nothing is ever.*--clip"):
        folder.config(404, 403)
    with pytest.raises(FileNotFoundError, match=r"some-org/some-clip.*nothing is ever.*--clip"):
        folder.weights()


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"some-org/some-llava is no LLaVA folder"):
        LlavaFolder("some-org/some-llava")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="has no mm_hidden_size"):
        LlavaFolder(tmp_path)
