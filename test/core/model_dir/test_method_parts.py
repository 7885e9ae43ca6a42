# SPDX-License-Identifier: Apache-2.0
"""Which class a folder holds, and what is read from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import Sam2VideoConfig, Sam2VideoModel

from helpers.tiny_prompted import drawn_anew, tiny_sam2
from helpers.tiny_two_stage import save_qwen, save_segmenter
from llmseg_core.config import RuntimeConfig, VlmConfig
from llmseg_core.grounding.server_chat import ServerChat
from llmseg_core.model_dir.method_parts import load_chat, load_segmenter
from llmseg_core.model_dir.network_files import SharedNetworks, part_kind

RUNTIME = RuntimeConfig()


def test_sam2_as_it_is_published_for_videos(tmp_path: Path) -> None:
    """Its published folders hold parts for videos too; what draws single images is read."""
    config = tiny_sam2().config.to_dict()
    video = Sam2VideoConfig(
        vision_config=config["vision_config"],
        prompt_encoder_config=config["prompt_encoder_config"],
        mask_decoder_config=config["mask_decoder_config"],
    )
    torch.manual_seed(0)
    model = drawn_anew(Sam2VideoModel(video))
    model.save_pretrained(tmp_path / "sam")
    loaded = load_segmenter(tmp_path, "sam", True, RUNTIME, SharedNetworks()).model
    wanted = model.state_dict()
    assert len(loaded.state_dict()) > 100
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, wanted[name]), name


def test_networks_are_shared(tmp_path: Path) -> None:
    save_segmenter(tmp_path / "sam", "sam2")
    save_qwen(tmp_path / "vlm", "qwen3_vl")
    shared = SharedNetworks()
    first, second = (
        load_segmenter(tmp_path, "sam", best, RUNTIME, shared) for best in (True, False)
    )
    assert first.model is second.model
    vlm = VlmConfig(path="vlm", max_pixels=1024)
    one, other = (load_chat(tmp_path, vlm, RUNTIME, shared) for _ in range(2))
    assert one.model is other.model
    assert one.conversation.pixels.max_pixels == 1024


def test_a_server_is_not_called_when_it_is_configured(tmp_path: Path) -> None:
    config = VlmConfig(url="http://127.0.0.1:9/v1/", model="a", timeout_s=3, max_tokens=7)
    chat = load_chat(tmp_path, config, RUNTIME, SharedNetworks())
    assert isinstance(chat, ServerChat)
    assert (chat.url, chat.model) == ("http://127.0.0.1:9/v1", "a")
    assert (chat.timeout_s, chat.max_tokens, chat.trouble) == (3, 7, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"model_type": "bert"}', r"sam is .*, whose config.json has the model_type 'bert'; it "),
        ("{}", "has the model_type None; it must be one of a, b"),
        ("[", "config.json is no JSON"),
    ],
)
def test_other_kinds_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        part_kind(str(tmp_path), ("b", "a"), "sam")


def test_a_folder_without_a_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"sam is .*, which has no config.json; it must be"):
        part_kind(str(tmp_path), ("b", "a"), "sam")


def test_settings_of_images_have_either_name(tmp_path: Path) -> None:
    save_qwen(tmp_path / "vlm", "qwen2_5_vl")
    file = tmp_path / "vlm" / "preprocessor_config.json"
    settings = json.loads(file.read_text())
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"vlm is not whole: it has no preprocessor_config"):
        load_chat(tmp_path, VlmConfig(path="vlm"), RUNTIME, SharedNetworks())
    other = tmp_path / "vlm" / "processor_config.json"
    other.write_text(json.dumps({"image_processor": {**settings, "patch_size": 4}}))
    chat = load_chat(tmp_path, VlmConfig(path="vlm"), RUNTIME, SharedNetworks())
    assert (chat.conversation.pixels.patch_size, chat.conversation.pixels.max_pixels) == (4, 4096)
