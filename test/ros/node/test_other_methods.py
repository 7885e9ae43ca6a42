# SPDX-License-Identifier: Apache-2.0
"""The node with other methods than LLM-Seg, from one to the other while it runs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticStatus

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message, pixels
from helpers.small_model import save_small_model
from helpers.tiny_lisa import save_tiny_lisa
from helpers.tiny_two_stage import save_segmenter, save_tiny_two_stage
from helpers.vlm_server import reply, vlm_server

BOX = reply('[{"bbox_2d": [100, 100, 600, 800], "label": "a mug"}]')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of LLM-Seg and the parts of two others; they may not be changed."""
    folder = tmp_path_factory.mktemp("models")
    save_small_model(folder / "small")
    save_tiny_two_stage(folder)
    save_segmenter(folder / "sam2", "sam2")
    save_tiny_lisa(folder / "lisa")
    return folder


def write_model(folder: Path, name: str, **settings: object) -> str:
    directory = folder / name
    directory.mkdir(exist_ok=True)
    (directory / "llmseg.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(directory)


def test_methods_come_and_go_and_a_server_too(folder: Path, observer: Observer) -> None:
    with vlm_server() as server:
        port = server.server_port
        server.behaviour = lambda _: (200, BOX)
        served = write_model(
            folder, "served", method="grounding", sam="../sam2", presence=None,
            box_format="thousand", vlm={"url": server.url, "model": "some-vlm", "timeout_s": 5},
        )  # fmt: skip
        rig = SegmentationRig(observer, model=served)
        rig.wait_until_connected()
        rig.instruct("something to drink from")
        rig.show(image_message(1))
        result = rig.result(1)
        assert (result.method, result.phrase, result.reason) == ("grounding", "a mug", "")
        assert result.found
        (candidate,) = result.proposals
        assert math.isnan(candidate.iop)
        assert math.isnan(candidate.iou_score)
        assert 0 <= candidate.score <= 1
        assert candidate.score == pytest.approx(result.confidence)
        assert candidate.area_px == np.count_nonzero(pixels(result.mask))
        assert server.asked[0]["model"] == "some-vlm"

        server.behaviour = lambda _: (200, reply("[]"))
        rig.show(image_message(2))
        nothing = rig.result(2)
        assert not nothing.found
        assert nothing.reason == "the VLM says that nothing in the image fits"

    rig.show(image_message(3))
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot be reached")
    assert status.message.startswith(f"the VLM server at {server.url} cannot be reached")
    assert "cannot be reached" in rig.segment("mug").message
    assert rig.state() == "active"
    with vlm_server(port) as server:
        server.behaviour = lambda _: (200, BOX)
        rig.show(image_message(4))
        assert rig.result(4).instruction == "something to drink from"

    two_stage = write_model(
        folder, "named", method="two_stage", locator="../detector", sam="../sam",
        score_threshold=0.0,
    )  # fmt: skip
    for number, model, method in (
        (5, str(folder / "small"), "llm_seg"), (6, str(folder / "lisa"), "lisa"),
        (7, two_stage, "two_stage"),
    ):  # fmt: skip
        assert rig.set_parameter("model", model).successful
        rig.wait_for_value("model", model)
        rig.wait_for_value("loading model", "")
        rig.show(image_message(number))
        result = rig.result(number)
        assert result.method == method
        for each in result.proposals:
            assert math.isnan(each.iop) == (method != "llm_seg")
            assert math.isnan(each.iop) or each.score == each.iop
    assert result.phrase == "something to drink from"


def test_a_model_that_is_not_whole_is_refused_at_once(folder: Path, observer: Observer) -> None:
    rig = SegmentationRig(observer, model=str(folder / "small"))
    rig.wait_until_connected()
    broken = write_model(folder, "broken", method="two_stage", locator="nowhere", sam="../sam")
    refused = rig.set_parameter("model", broken)
    assert not refused.successful
    assert "nowhere is missing" in refused.reason
    unknown = write_model(folder, "unknown", method="telepathy")
    assert "newer version" in rig.set_parameter("model", unknown).reason
