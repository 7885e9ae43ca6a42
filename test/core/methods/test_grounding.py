# SPDX-License-Identifier: Apache-2.0
"""Grounding: with tiny random VLMs of the real classes, and with answers from a server here."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from helpers.counting import count_calls
from helpers.tiny_two_stage import save_qwen, save_segmenter
from helpers.vlm_server import VlmServer, reply, vlm_server
from llmseg_core import load_method
from llmseg_core.config import BoxFormat, GroundingConfig, RuntimeConfig, SelectionConfig, VlmConfig
from llmseg_core.methods.grounding import GroundingMethod
from llmseg_core.methods.method import inspect_method
from llmseg_core.prompted.target import Target

QUESTION = "what could I drink from?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts of model directories; they may not be changed."""
    folder = tmp_path_factory.mktemp("grounding")
    for kind in ("qwen2_5_vl", "qwen3_vl"):
        save_qwen(folder / kind, kind)
    for kind in ("sam", "sam2"):
        save_segmenter(folder / kind, kind)
    return folder


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 120, (48, 80, 3), dtype=np.uint8)
    image[8:24, 6:22] = (200, 30, 30)
    return image


@pytest.fixture
def server() -> Iterator[VlmServer]:
    with vlm_server() as running:
        yield running


def write_model(folder: Path, to: Path, **settings: Any) -> Path:
    values = {"method": "grounding", "sam": str(folder / "sam"), **settings}
    to.mkdir(exist_ok=True)
    (to / "llmseg.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return to


def served(folder: Path, server: VlmServer, said: Any, present: float = 0.9) -> GroundingMethod:
    """A method whose VLM says `said`, and yes with a chance of `present`."""
    chances = {"Yes": log(present), "No": log(1 - present)}
    server.behaviour = lambda asked: (
        (200, reply("Yes", chances)) if "logprobs" in asked else (200, reply(said))
    )
    vlm = VlmConfig(url=server.url, model="some-vlm", timeout_s=5)
    config = GroundingConfig(vlm=vlm, box_format=BoxFormat.THOUSAND, sam="sam")
    return GroundingMethod.from_config(config, folder)


@pytest.mark.parametrize(
    ("kind", "segmenter", "box_format"),
    [("qwen2_5_vl", "sam2", BoxFormat.ABSOLUTE), ("qwen3_vl", "sam", BoxFormat.THOUSAND)],
)
def test_a_vlm_in_this_process(
    folder: Path,
    tmp_path: Path,
    image: np.ndarray,
    kind: str,
    segmenter: str,
    box_format: BoxFormat,
) -> None:
    """Random weights say nonsense: that is a reason, and the image is encoded once."""
    vlm = {"path": str(folder / kind), "max_tokens": 16}
    question = "{instruction}"
    model = write_model(
        folder, tmp_path, vlm=vlm, sam=str(folder / segmenter), question=question, presence=None
    )
    inspect_method(model)
    method = load_method(model)
    assert isinstance(method, GroundingMethod)
    assert method.box_format is box_format
    kinds = (torch.nn.Conv2d, torch.nn.Conv3d)
    networks = (method.chat.model.model.visual, method.segmenter.model.vision_encoder)
    convolutions = [
        next(each for each in network.modules() if isinstance(each, kinds)) for network in networks
    ]
    with count_calls(*convolutions) as counts:
        frame = method.encode_frame(image)
        answer = method.segment(frame, QUESTION)
        method.segment(frame, "the cup")
        again = method.segment_batch(frame, [QUESTION])[0]
        assert counts == [1, 1]
    assert not answer.found
    assert not answer.mask.any()
    assert answer.mask.shape == (48, 80)
    assert answer.reason == again.reason
    assert answer.reason.startswith(("the VLM's answer has neither", "the VLM gave no answer"))
    assert list(answer.timings_ms) == [
        "image_prefix", "segmenter_image", "grounding", "presence", "drawing",
    ]  # fmt: skip


def test_boxes_and_points_become_masks(folder: Path, server: VlmServer, image: np.ndarray) -> None:
    said = (
        'Here: [{"bbox_2d": [75, 167, 275, 500], "label": "red cup"}, '
        '{"bbox_2d": [500, 0, 1000, 1000], "point_2d": [700, 500], "label": "book"}]'
    )
    method = served(folder, server, said)
    frame = method.encode_frame(image)
    assert server.asked == []
    answer = method.segment(frame, QUESTION)
    targets = (
        Target((6, 8.016, 22, 24), (), "red cup"),
        Target((40, 0, 80, 48), ((56, 24),), "book"),
    )
    drawn = method.segmenter.draw(frame.image, targets)
    assert np.array_equal(answer.mask, drawn.masks.any(0).numpy())
    assert answer.found
    assert answer.phrase == "red cup, book"
    quality = drawn.predicted_iou.clamp(0, 1)
    assert answer.confidence == pytest.approx(0.9 * float(quality.max()), abs=1e-4)
    wanted = sorted(0.9 * float(each) for each in quality)
    assert sorted(answer.candidates.score.tolist()) == pytest.approx(wanted, abs=1e-4)
    assert answer.candidates.iop.isnan().all()
    question, presence = (asked["messages"][0]["content"][1]["text"] for asked in server.asked)
    assert question == (
        f"Find everything in the image that is meant by: {QUESTION}\nAnswer with a JSON list of "
        'objects {"bbox_2d": [x1, y1, x2, y2], "label": "name"}, one for each thing. Answer [] if '
        "nothing in the image fits."
    )
    assert presence == (
        f"Is there anything in the image that is meant by: {QUESTION}\nAnswer yes or no."
    )


def test_a_vlm_that_doubts(folder: Path, server: VlmServer, image: np.ndarray) -> None:
    method = served(folder, server, '{"bbox_2d": [75, 167, 275, 500]}', present=0.01)
    frame = method.encode_frame(image)
    sure, unsure = (
        method.segment(frame, QUESTION, SelectionConfig(min_confidence=least))
        for least in (0.0, 0.5)
    )
    assert sure.found
    assert sure.confidence <= 0.0101
    assert not unsure.found
    assert unsure.reason.endswith("is below 0.5")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("[]", "the VLM says that nothing in the image fits"),
        ("There is no cup.", "the VLM says that nothing in the image fits"),
        ("I would drink from a cup.", "the VLM's answer has neither box nor point"),
        (None, "the VLM gave no answer"),
        ('{"bbox_2d": [1100, 0, 1200, 9]}', "nothing that the VLM shows has a place in the image"),
    ],
)
def test_nothing_has_a_reason(
    folder: Path, server: VlmServer, image: np.ndarray, said: Any, reason: str
) -> None:
    method = served(folder, server, said)
    answer = method.segment(method.encode_frame(image), QUESTION)
    assert not answer.found
    assert answer.confidence == 0
    assert answer.reason.startswith(reason)
    assert len(answer.candidates) == 0
    assert len(server.asked) == 1  # whether anything is there is not asked when nothing was shown


def test_a_server_that_is_away(folder: Path, image: np.ndarray) -> None:
    with vlm_server() as server:
        port, method = server.server_port, served(folder, server, "[]")
        frame = method.encode_frame(image)
        assert method.segment(frame, QUESTION).reason
        assert method.trouble == ""
    with pytest.raises(ConnectionError, match="cannot be reached"):
        method.segment(frame, QUESTION)
    assert "cannot be reached" in method.trouble
    with vlm_server(port) as server:
        server.behaviour = lambda _: (200, reply('{"bbox_2d": [75, 167, 275, 500]}'))
        assert method.segment(frame, QUESTION).mask.any()
    assert method.trouble == ""


def test_half_precision(folder: Path, tmp_path: Path, image: np.ndarray) -> None:
    vlm = {"path": str(folder / "qwen3_vl"), "max_tokens": 4}
    model = write_model(folder, tmp_path, vlm=vlm, question="{instruction}")
    method = load_method(model, RuntimeConfig(dtype="bfloat16"))
    assert method.segment(method.encode_frame(image), QUESTION).mask.shape == (48, 80)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 3)])
def test_odd_sizes(folder: Path, server: VlmServer, size: tuple[int, int]) -> None:
    method = served(folder, server, '{"bbox_2d": [0, 0, 1000, 1000]}')
    frame = method.encode_frame(np.full((*size, 3), 9, np.uint8))
    assert method.segment(frame, "cup").mask.shape == size


def test_empty_instructions_are_refused(folder: Path, server: VlmServer, image: np.ndarray) -> None:
    method = served(folder, server, "[]")
    with pytest.raises(ValueError, match="the instruction is empty"):
        method.segment(method.encode_frame(image), "\n")
    with pytest.raises(ValueError, match="uint8"):
        method.encode_frame(image.astype(np.float32))


def test_what_it_is(folder: Path, server: VlmServer) -> None:
    described = served(folder, server, "[]").description
    assert (described.name, described.takes_questions) == ("grounding", True)
    assert described.selection == ("min_confidence",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vlm": {"url": "http://127.0.0.1:1/v1", "model": "a"}}, "box_format is None, it must be"),
        ({"vlm": "sam"}, "whose config.json has the model_type 'sam'; it must be one of qwen"),
        ({"box_format": "percent"}, "box_format is 'percent', it must be one of null, absolute"),
        ({"presence": "is it there?"}, "presence is 'is it there\\?', it must be"),
        ({"vlm": "nowhere"}, "nowhere is missing"),
    ],
)
def test_wrong_settings(folder: Path, tmp_path: Path, settings: dict, message: str) -> None:
    vlm = str(folder / "qwen3_vl")
    if settings.get("vlm") == "sam":
        settings = {"vlm": str(folder / "sam")}
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_method(write_model(folder, tmp_path, **{"vlm": vlm, **settings}))


def test_unknown_methods_may_be_newer(folder: Path, tmp_path: Path) -> None:
    model = write_model(folder, tmp_path, method="telepathy")
    for look in (inspect_method, load_method):
        with pytest.raises(ValueError, match=r"'telepathy', it must be one of llm_seg, .*; a newer "
                           r"version of llmseg may know it"):  # fmt: skip
            look(model)
