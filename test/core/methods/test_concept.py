# SPDX-License-Identifier: Apache-2.0
"""Concept: with a tiny random SAM 3 of the real class, and a namer's server here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from transformers import Sam3VideoConfig, Sam3VideoModel

from helpers.counting import count_calls
from helpers.tiny_locators import word_tokenizer
from helpers.tiny_sam3 import save_tiny_sam3, tiny_sam3_config
from helpers.tiny_two_stage import save_segmenter
from helpers.vlm_server import reply, vlm_server
from llmseg_core import load_method
from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_core.methods.concept import Concept
from llmseg_core.methods.method import inspect_method


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts of model directories; they may not be changed."""
    folder = tmp_path_factory.mktemp("concept")
    save_tiny_sam3(folder / "sam3")
    save_segmenter(folder / "sam", "sam")
    return folder


def loaded(folder: Path, to: Path, **settings: Any) -> Concept:
    values = {"method": "concept", "sam": str(folder / "sam3"), **settings}
    to.mkdir(exist_ok=True)
    (to / "llmseg.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    inspect_method(to)
    method = load_method(to)
    assert isinstance(method, Concept)
    return method


def test_what_the_phrase_names_is_drawn(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    method = loaded(folder, tmp_path, score_threshold=0.0)
    with count_calls(method.concepts.model.vision_encoder) as counts:
        frame = method.encode_frame(image)
        answer, other = method.segment_batch(frame, ["find the red cup!", "the book"])
        assert counts == [1]
    found = method.concepts.find(frame.image, "the red cup")
    assert np.array_equal(answer.mask, found.drawn.masks.any(0).numpy())
    assert (answer.method, answer.phrase, other.phrase) == ("concept", "the red cup", "the book")
    assert answer.confidence == pytest.approx(float(found.drawn.predicted_iou.max()))
    assert sorted(answer.candidates.score.tolist()) == pytest.approx(
        sorted(found.drawn.predicted_iou.tolist())
    )
    assert answer.candidates.iop.isnan().all()
    assert list(answer.timings_ms) == ["image_prefix", "segmenter_image", "naming", "drawing"]
    unsure = method.segment(frame, "the red cup", SelectionConfig(min_confidence=1.0))
    assert not unsure.found
    assert unsure.reason.endswith("is below 1")


def test_nothing_says_the_presence(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    method = loaded(folder, tmp_path, score_threshold=1.0)
    frame = method.encode_frame(image)
    presence = method.concepts.find(frame.image, "the red cup").presence
    answer = method.segment(frame, "the red cup")
    assert not answer.found
    assert answer.reason == (
        f"SAM 3 found no 'the red cup' in the image, its presence is {presence:.2f}"
    )
    asked = method.segment(frame, "What can I drink from?")
    assert asked.phrase == "What can I drink from"
    assert asked.reason.endswith("looks for what is named, it answers no questions")
    assert not method.description.takes_questions


def test_a_vlm_names_first(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    with vlm_server() as server:
        vlm = {"url": server.url, "model": "some-vlm", "timeout_s": 5}
        method = loaded(folder, tmp_path, vlm=vlm, score_threshold=0.0)
        assert method.description.takes_questions
        server.behaviour = lambda _: (200, reply("red cup."))
        frame = method.encode_frame(image)
        assert method.segment(frame, "What can I drink from?").phrase == "red cup"
        server.behaviour = lambda _: (200, reply("None"))
        nothing = method.segment(frame, "What can I drink from?")
        assert nothing.reason == "the VLM says that nothing in the image fits"
        assert not nothing.found
    with pytest.raises(ConnectionError):
        method.segment(frame, "What can I drink from?")
    assert "cannot be reached" in method.trouble


def test_as_it_is_published_for_videos(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    """Its published folder holds parts for videos too; what draws single images is read."""
    tracker = {
        "vision_config": tiny_sam3_config().vision_config.to_dict(),
        "memory_attention_num_layers": 1, "memory_attention_feed_forward_hidden_size": 32,
        "mask_decoder_config": {"mlp_dim": 32, "iou_head_hidden_dim": 16},
    }  # fmt: skip
    config = Sam3VideoConfig(detector_config=tiny_sam3_config().to_dict(), tracker_config=tracker)
    torch.manual_seed(0)
    whole = Sam3VideoModel(config)
    whole.save_pretrained(tmp_path / "video")
    word_tokenizer().save_pretrained(tmp_path / "video")
    method = loaded(folder, tmp_path / "model", sam=str(tmp_path / "video"), score_threshold=0.0)
    published = whole.detector_model.state_dict()
    state = method.concepts.model.state_dict()
    assert len(state) > 100
    for name, value in state.items():
        assert torch.equal(value, published[name]), name
    assert method.segment(method.encode_frame(image), "cup").mask.shape == (48, 64)


@pytest.mark.usefixtures("fast_halves")
def test_half_precision(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    loaded(folder, tmp_path, score_threshold=0.0)
    half = load_method(tmp_path, RuntimeConfig(dtype="bfloat16"))
    answer = half.segment(half.encode_frame(image), "the red cup")
    assert 0 < answer.confidence < 1


def test_what_is_wrong_is_named(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    method = loaded(folder, tmp_path)
    frame = method.encode_frame(image)
    for text, message in ((" ", "the instruction is empty"), ("cup " * 50, "SAM 3 has room for")):
        with pytest.raises(ValueError, match=message):
            method.segment(frame, text)
    with pytest.raises(ValueError, match="uint8"):
        method.encode_frame(image.astype(np.float32))
    for settings, message in (
        ({"sam": str(folder / "sam")}, "the model_type 'sam'; it must be one of sam3, sam3_video"),
        ({"score_threshold": 2}, r"score_threshold is 2, it must be in \[0, 1\]"),
        ({"sam": "nowhere"}, "nowhere is missing"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            loaded(folder, tmp_path / "wrong", **settings)
