# SPDX-License-Identifier: Apache-2.0
"""Marks: with a tiny random VLM of the real class, and with answers from a server here."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml

from helpers.counting import count_calls
from helpers.tiny_two_stage import save_qwen, save_segmenter
from helpers.vlm_server import VlmServer, reply, vlm_server
from llmseg_core import load_method
from llmseg_core.config import ProposalConfig, RuntimeConfig, SelectionConfig
from llmseg_core.images.numbered_outlines import draw_numbered_outlines
from llmseg_core.methods.marks import Marks
from llmseg_core.methods.method import inspect_method

EVERY_MASK = ProposalConfig(
    points_per_side=3, pred_iou_thresh=-100.0, stability_score_thresh=0.0, box_nms_thresh=1.0,
    max_proposals=5,
).to_dict()  # fmt: skip
QUESTION = "what could I drink from?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts of model directories; they may not be changed."""
    folder = tmp_path_factory.mktemp("marks")
    save_qwen(folder / "vlm", "qwen3_vl")
    for kind in ("sam", "sam2"):
        save_segmenter(folder / kind, kind)
    return folder


@pytest.fixture
def server() -> Iterator[VlmServer]:
    with vlm_server() as running:
        yield running


def write_model(folder: Path, to: Path, **settings: Any) -> Path:
    values = {"method": "marks", "sam": str(folder / "sam"), "vlm": str(folder / "vlm"),
              "proposals": EVERY_MASK, **settings}  # fmt: skip
    to.mkdir(exist_ok=True)
    (to / "llmseg.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return to


def served(folder: Path, to: Path, server: VlmServer, said: str, **settings: Any) -> Marks:
    """A method whose VLM says `said`, and yes with a chance of 0.9."""
    chances = {"Yes": log(0.9), "No": log(0.1)}
    server.behaviour = lambda asked: (
        (200, reply("Yes", chances)) if "logprobs" in asked else (200, reply(said))
    )
    vlm = {"url": server.url, "model": "some-vlm", "timeout_s": 5}
    method = load_method(write_model(folder, to, vlm=vlm, **settings))
    assert isinstance(method, Marks)
    return method


def test_named_numbers_are_proposals(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray
) -> None:
    method = served(folder, tmp_path, server, "I see [4, 2]")
    frame = method.encode_frame(image)
    assert len(frame.masks) == 5
    answer = method.segment(frame, QUESTION)
    named = frame.masks[[1, 3]]
    assert np.array_equal(answer.mask, named.any(0).numpy())
    quality = frame.proposals.predicted_iou.clamp(0, 1)
    wanted = torch.zeros(5)
    wanted[[1, 3]] = 0.9 * quality[[1, 3]]
    torch.testing.assert_close(answer.candidates.score, wanted, atol=1e-4, rtol=0)
    assert answer.confidence == pytest.approx(float(wanted.max()), abs=1e-4)
    assert set(answer.selection.indices) == {1, 3}
    assert (answer.method, answer.phrase) == ("marks", "4, 2")
    assert answer.candidates.iop.isnan().all()
    areas = answer.candidates.areas_px.tolist()
    assert areas == sorted(areas, reverse=True)
    shown, question = server.asked[0]["messages"][0]["content"]
    assert question["text"].startswith(
        "Things in the image are outlined, and each has a number. Which numbers are meant by: "
        f"{QUESTION}\nAnswer with a JSON list of numbers"
    )
    data = base64.b64decode(shown["image_url"]["url"].partition(",")[2])
    sent = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)
    drawn = draw_numbered_outlines(image, frame.masks.numpy())
    marked, plain = (cv2.resize(each, sent.shape[1::-1]).astype(int) for each in (drawn, image))
    assert np.abs(sent - marked).mean() < 0.5 * np.abs(sent - plain).mean()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("[]", "the VLM says that nothing in the image fits"),
        ("[6]", "the VLM names 6, the numbers end at 5"),
        ("the cup", "the VLM's answer has no number: 'the cup'"),
    ],
)
def test_nothing_has_a_reason(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray, said: str, reason: str
) -> None:
    method = served(folder, tmp_path, server, said)
    answer = method.segment(method.encode_frame(image), QUESTION)
    assert not answer.found
    assert not answer.mask.any()
    assert (answer.reason, answer.confidence) == (reason, 0)
    assert len(answer.candidates) == 5  # every proposal stays in the message
    assert len(server.asked) == 1


def test_a_vlm_that_doubts(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray
) -> None:
    method = served(folder, tmp_path, server, "[1]")
    frame = method.encode_frame(image)
    answer = method.segment(frame, QUESTION, SelectionConfig(min_confidence=0.95))
    assert not answer.found
    assert answer.reason.endswith("is below 0.95")
    assert answer.mask.shape == (48, 64)


def test_an_image_without_proposals(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray
) -> None:
    proposals = {**EVERY_MASK, "pred_iou_thresh": 100.0}
    method = served(folder, tmp_path, server, "[1]", proposals=proposals)
    answer = method.segment(method.encode_frame(image), QUESTION)
    assert answer.reason == "nothing in the image could be outlined"
    assert (len(answer.candidates), answer.mask.shape) == (0, (48, 64))
    assert server.asked == []


def test_a_vlm_in_this_process(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    """The image with its numbers is encoded once for all instructions."""
    vlm = {"path": str(folder / "vlm"), "max_tokens": 8}
    method = load_method(write_model(folder, tmp_path, vlm=vlm, question="{instruction}"))
    assert isinstance(method, Marks)
    assert isinstance(method.generator.model, torch.nn.Module)
    networks = (
        method.chat.model.model.visual.patch_embed,
        method.generator.model.vision_encoder.patch_embed,
    )
    with count_calls(*networks) as counts:
        frame = method.encode_frame(image)
        first, second = method.segment_batch(frame, [QUESTION, "the cup"])
        assert counts == [1, 1]
    again = method.segment(method.encode_frame(image), "the cup")
    assert (again.reason, again.phrase) == (second.reason, second.phrase)
    assert list(first.timings_ms) == [
        "proposals", "numbers", "image_prefix", "naming", "presence", "drawing",
    ]  # fmt: skip


def test_sam2_proposes_too(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray
) -> None:
    method = served(folder, tmp_path, server, "[2]", sam=str(folder / "sam2"))
    frame = method.encode_frame(image)
    answer = method.segment(frame, QUESTION)
    assert np.array_equal(answer.mask, frame.masks[1].numpy())


@pytest.mark.usefixtures("fast_halves")
def test_half_precision(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    vlm = {"path": str(folder / "vlm"), "max_tokens": 4}
    model = write_model(folder, tmp_path, vlm=vlm, question="{instruction}")
    method = load_method(model, RuntimeConfig(dtype="bfloat16"))
    assert method.segment(method.encode_frame(image), QUESTION).mask.shape == (48, 64)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(folder: Path, tmp_path: Path, server: VlmServer, size: tuple[int, int]) -> None:
    method = served(folder, tmp_path, server, "[1]")
    frame = method.encode_frame(np.full((*size, 3), 9, np.uint8))
    assert method.segment(frame, "cup").mask.shape == size


def test_what_is_wrong_is_named(
    folder: Path, tmp_path: Path, server: VlmServer, image: np.ndarray
) -> None:
    method = served(folder, tmp_path, server, "[1]")
    with pytest.raises(ValueError, match="the instruction is empty"):
        method.segment(method.encode_frame(image), " ")
    described = method.description
    assert (described.name, described.takes_questions) == ("marks", True)
    for settings, message in (
        ({"sam": str(folder / "vlm")}, "whose config.json has the model_type 'qwen3_vl'"),
        (
            {"sam": str(folder / "sam2"), "proposals": {"crop_n_layers": 1}},
            "proposals.crop_n_layers is 1, it must be 0 unless SAM itself proposes",
        ),
        ({"question": "which?"}, "question is 'which\\?', it must be"),
        ({"proposals": {"points_per_side": 0}}, "points_per_side is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            load_method(write_model(folder, tmp_path / "wrong", **settings))
    missing = write_model(folder, tmp_path / "wrong", vlm="nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        inspect_method(missing)


def test_a_server_that_is_away(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    with vlm_server() as server:
        method = served(folder, tmp_path, server, "[1]")
        frame = method.encode_frame(image)
    with pytest.raises(ConnectionError, match="cannot be reached"):
        method.segment(frame, QUESTION)
    assert "cannot be reached" in method.trouble
