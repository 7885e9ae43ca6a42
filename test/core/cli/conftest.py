# SPDX-License-Identifier: Apache-2.0
"""A hub on this machine that has tiny networks under the names of the public ones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from helpers.hub_server import HubServer, folder_files, hub_server
from helpers.tiny_two_stage import save_locator, save_qwen, save_segmenter
from llmseg_core.model_dir.profiles import load_profiles

SAVED = {
    "qwen3_vl": save_qwen,
    "florence2": save_locator,
    "mm_grounding_dino": save_locator,
    "sam2": save_segmenter,
}


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Files of tiny networks, by kind."""
    folder = tmp_path_factory.mktemp("hub")
    for kind, save in SAVED.items():
        save(folder / kind, kind)
    settings = json.loads((folder / "qwen3_vl" / "config.json").read_text())
    settings["text_config"]["max_position_embeddings"] = 4096  # for answers of the usual length
    (folder / "qwen3_vl" / "config.json").write_text(json.dumps(settings))
    return {kind: folder_files(folder / kind) for kind in SAVED}


def kind_of(repository: str) -> str | None:
    names = {"Qwen3-VL": "qwen3_vl", "Florence-2": "florence2", "sam2.1": "sam2",
             "mm_grounding_dino": "mm_grounding_dino"}  # fmt: skip
    return next((kind for name, kind in names.items() if name in repository), None)


@pytest.fixture
def hub(
    tiny_files: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubServer]:
    """The hub of this process, which has a home of its own and no token."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with hub_server() as server:
        for profile in load_profiles().values():
            for part in profile.parts.values():
                if kind := kind_of(part.repository):
                    files = dict(tiny_files[kind])
                    # what such repositories hold besides, none of which is taken
                    files |= {"pytorch_model.bin": b"pickle", "modeling.py": b"import os"}
                    files |= {"onnx/model.safetensors": b"no", "README.md": b"read me"}
                    server.repositories[part.repository] = files
        constants = huggingface_hub.constants
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 4096)
        patient = SimpleNamespace(sleep=lambda _: None, time=time.time)
        monkeypatch.setattr("huggingface_hub.file_download.time", patient)
        yield server


@pytest.fixture
def place(hub: HubServer, tmp_path: Path) -> Path:
    """Where the profile `cpu` goes."""
    return tmp_path / "home/.local/share/llmseg/cpu"
