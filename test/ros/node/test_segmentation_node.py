# SPDX-License-Identifier: Apache-2.0
"""The segmentation node over DDS, with a small model of the real classes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image
from std_msgs.msg import String

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message, pixels
from helpers.small_model import save_small_model
from llmseg_core.config import RuntimeConfig
from llmseg_ros.messages import outputs
from llmseg_ros.node.model_loading import ModelLoader
from llmseg_ros.node.segmentation_node import main
from llmseg_ros.process import StartError, StopSignals

SCRIPT = Path(__file__).parents[3] / "scripts" / "llmseg_node"
TOO_LONG = "mug " * 500

MakeRig = Callable[..., SegmentationRig]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


@pytest.fixture
def make_rig(observer: Observer, model: str) -> MakeRig:
    return lambda **parameters: SegmentationRig(observer, **{"model": model, **parameters})


@pytest.fixture
def rig(make_rig: MakeRig) -> SegmentationRig:
    """An active node."""
    rig = make_rig()
    rig.wait_until_connected()
    return rig


def test_lifecycle_transitions(make_rig: MakeRig) -> None:
    rig = make_rig(autostart=False)
    node = rig.observer.node
    assert rig.state() == "unconfigured"
    assert "the node is unconfigured" in rig.segment("mug").message
    for _ in range(2):
        assert rig.change_state("configure")
        assert rig.state() == "inactive"
        assert rig.node.has_parameter("iop_threshold")
        assert node.count_subscribers("image") == 0
        assert "the node is inactive" in rig.segment("mug").message

        assert rig.change_state("activate")
        assert rig.state() == "active"
        rig.wait_until_connected()
        rig.results.clear()
        rig.instruct("mug")
        rig.show(image_message(1))
        rig.result()

        assert rig.change_state("deactivate")
        assert rig.state() == "inactive"
        assert rig.change_state("cleanup")
        assert rig.state() == "unconfigured"
        assert not rig.node.has_parameter("iop_threshold")
    assert rig.change_state("configure")
    assert rig.change_state("activate")
    assert rig.change_state("shutdown")
    assert rig.state() == "finalized"
    assert not rig.change_state("configure")


def test_an_instruction_outlives_deactivation(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.result(1)
    assert rig.change_state("deactivate")
    assert rig.change_state("activate")
    rig.wait_until_connected()
    rig.show(image_message(2))
    assert rig.result(2).instruction == "mug"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"model": "/no/such/model"}, "model directory /no/such/model does not exist"),
        ({"device": "abacus"}, "device is 'abacus'"),
        ({"iop_threshold": 1.5}, "1.5"),
    ],
)
def test_configuring_that_fails_says_why(
    make_rig: MakeRig, parameters: dict[str, Any], reason: str
) -> None:
    rig = make_rig(**parameters)
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot configure")
    assert reason in status.message
    assert rig.state() == "unconfigured"
    assert not rig.change_state("configure")
    assert rig.state() == "unconfigured"


def test_activating_that_fails_says_why(make_rig: MakeRig) -> None:
    rig = make_rig(**{"qos_overrides./image.subscription.reliability": "hopeful"})
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot activate")
    assert "hopeful" in status.message
    assert rig.state() == "inactive"
    assert not rig.change_state("activate")
    assert rig.change_state("cleanup")


def test_loading_is_given_up_after_its_time_limit(model: str) -> None:
    with pytest.raises(TimeoutError, match="took longer than load_timeout_s"):
        ModelLoader().start(model, RuntimeConfig(), timeout_s=0.001).future.result()


def test_image_and_instruction_give_mask_and_result(rig: SegmentationRig) -> None:
    image = image_message(7)
    rig.instruct("something to drink from")
    rig.show(image)
    result = rig.result()
    rig.observer.wait_until(lambda: bool(rig.masks))
    mask = rig.masks[0]

    assert mask.header == result.header == result.mask.header == image.header
    assert (mask.encoding, mask.height, mask.width) == ("mono8", image.height, image.width)
    assert result.mask == mask
    assert set(np.unique(pixels(mask))) == {0, 255}
    assert result.instruction == "something to drink from"
    assert result.found
    assert 0 <= result.confidence <= 1
    assert np.isnan(result.presence)  # this model does not tell it apart

    rows, columns = np.nonzero(pixels(mask))
    box = result.region_of_interest
    assert (box.x_offset, box.y_offset) == (columns.min(), rows.min())
    assert (box.width, box.height) == (np.ptp(columns) + 1, np.ptp(rows) + 1)

    areas = [proposal.area_px for proposal in result.proposals]
    assert areas == sorted(areas, reverse=True)
    selected = [proposal for proposal in result.proposals if proposal.selected]
    assert [proposal.area_px for proposal in selected] == [len(rows)]
    assert selected[0].iou_score == max(proposal.iou_score for proposal in result.proposals)

    stages = [stage.stage for stage in result.stage_times]
    assert stages[0] == "convert"
    assert stages[-1] == "publish"
    assert {"proposals", "embeddings", "image_prefix", "seg_token", "selection"} < set(stages)
    now_ms = rig.node.get_clock().now().nanoseconds / 1e6
    assert result.age_ms == pytest.approx(now_ms - 7000, rel=1e-3)


def test_nothing_found_is_an_answer(rig: SegmentationRig) -> None:
    assert rig.set_parameter("min_confidence", 1.0).successful
    rig.instruct("mug")
    rig.show(image_message(1))
    result = rig.result()
    assert not result.found
    assert not pixels(result.mask).any()
    assert result.region_of_interest.width == 0
    assert result.proposals


def test_the_overlay_is_drawn_only_while_someone_listens(
    rig: SegmentationRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = outputs.draw_overlay
    monkeypatch.setattr(outputs, "draw_overlay", lambda *a: drawn.append(a) or draw(*a))
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.result(1)
    assert not drawn

    overlays: list[Image] = []
    rig.observer.node.create_subscription(Image, "llmseg/overlay", overlays.append, 5)
    rig.wait_for_listener("/llmseg/overlay")
    rig.show(image_message(2))
    rig.observer.wait_until(lambda: bool(overlays))
    assert (overlays[0].encoding, overlays[0].header.stamp.sec) == ("bgr8", 2)
    assert pixels(overlays[0]).shape == (60, 80, 3)


@pytest.mark.parametrize("encoding", ["bgr8", "rgba8", "bgra8", "mono8"])
def test_encodings(rig: SegmentationRig, encoding: str) -> None:
    rig.instruct("mug")
    rig.show(image_message(1, encoding))
    assert rig.result(1).mask.height == 60


def test_images_that_cannot_be_read_are_reported_once(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    unknown, truncated, empty = (image_message(stamp) for stamp in (1, 2, 3))
    unknown.encoding = "rainbow"
    truncated.data = truncated.data[:100]
    empty.height = empty.width = 0
    for _ in range(3):
        for image in (unknown, truncated, empty):
            rig.show(image)
    rig.show(image_message(4))
    rig.result(4)
    assert {result.header.stamp.sec for result in rig.results} == {4}

    def reports(text: str) -> int:
        return sum("/image: " in log and text in log for log in rig.logs)

    reasons = ("unknown encoding 'rainbow'", "100 bytes of data", "empty image")
    rig.observer.wait_until(lambda: all(reports(reason) for reason in reasons))
    rig.observer.spin_for(0.2)
    assert [reports(reason) for reason in reasons] == [1, 1, 1]
    rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "/image: ")


def test_an_instruction_that_changes_during_inference(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.instruct("spoon")
    rig.result(1, "spoon")
    rig.instruct("")
    rig.observer.spin_for(0.3)
    rig.results.clear()
    rig.show(image_message(2))
    rig.observer.spin_for(0.5)
    assert not rig.results
    rig.instruct("fork")
    assert rig.result(2).instruction == "fork"


def test_a_new_instruction_on_the_same_image_skips_the_frame_stages(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.result(1, "mug")
    rig.instruct("spoon")
    times = {s.stage: s.milliseconds for s in rig.result(1, "spoon").stage_times}
    assert times["proposals"] == times["embeddings"] == times["image_prefix"] == 0
    assert times["seg_token"] > 0


def test_a_burst_of_images_is_answered_on_the_newest(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    for stamp in range(1, 31):
        rig.show(image_message(stamp))
        rig.observer.spin_for(0.002)
    last = rig.result(30)
    assert last.dropped_frames > 0
    stamps = [result.header.stamp.sec for result in rig.results]
    assert stamps == sorted(stamps)
    values = rig.wait_for_value("answers", str(len(stamps)))
    assert int(values["frames received"]) == len(stamps) + last.dropped_frames


def test_service_calls_during_inference(rig: SegmentationRig) -> None:
    refused = rig.segment("mug")
    assert not refused.success
    assert "no image yet" in refused.message

    rig.instruct("mug")
    rig.show(image_message(1))
    futures = [rig.segment_async(f"thing {n}", image_message(100 + n)) for n in range(3)]
    futures.append(rig.segment_async("newest"))
    for stamp in range(2, 12):
        rig.show(image_message(stamp))
    rig.observer.wait_until(lambda: all(future.done() for future in futures))
    responses = [future.result() for future in futures]
    assert all(response.success for response in responses), responses
    for number, response in enumerate(responses[:3]):
        assert response.result.header.stamp.sec == 100 + number
        assert response.result.instruction == f"thing {number}"
        assert response.result.mask.height == 60
    assert 1 <= responses[3].result.header.stamp.sec <= 11
    rig.result(11, "mug")  # the stream goes on, with its own instruction
    assert {result.instruction for result in rig.results} == {"mug"}


def test_service_calls_that_are_refused(rig: SegmentationRig) -> None:
    wrong = image_message(1)
    wrong.encoding = "rainbow"
    assert "unknown encoding 'rainbow'" in rig.segment("mug", wrong).message
    assert "the instruction is '  '" in rig.segment("  ", image_message(1)).message
    assert not rig.segment(TOO_LONG, image_message(1)).success
    assert rig.segment("mug", image_message(1)).success


def test_the_service_waits_through_deactivation(rig: SegmentationRig) -> None:
    future = rig.segment_async("mug", image_message(1))
    rig.observer.spin_for(0.02)
    assert rig.change_state("deactivate")
    rig.observer.wait_until(future.done)
    assert future.result().success or "stopped before" in future.result().message


def test_an_exception_in_inference_is_reported_and_the_node_lives_on(rig: SegmentationRig) -> None:
    rig.instruct(TOO_LONG)
    rig.show(image_message(1))
    rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "inference: UnaskableError: ")
    assert rig.wait_for_value("failures", "1")["answers"] == "0"
    rig.instruct("mug")
    rig.show(image_message(2))
    rig.result(2, "mug")


def test_parameters_change_at_run_time(rig: SegmentationRig) -> None:
    rig.instruct("mug")
    rig.show(image_message(1))
    assert rig.result().found
    rig.results.clear()
    assert rig.set_parameter("min_confidence", 1.0).successful
    assert not rig.result(1).found  # at once, without a new image

    for name, value, reason in (
        ("iop_threshold", -0.5, "-0.5"),
        ("rule", "best", "rule is 'best', it must be one of top_iou"),
        ("top_k", 0, "0"),
        ("max_rate_hz", -1.0, "-1.0"),
        ("device", "cuda", "device is 'cpu' and cannot become 'cuda'"),
        ("model", "/another", "model directory /another does not exist"),
        ("attention", "eager", "read-only"),
        ("top_k", "many", "Wrong parameter type"),
    ):
        refused = rig.set_parameter(name, value)
        assert not refused.successful
        assert reason in refused.reason


def test_threads_are_limited_at_start(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    make_rig(threads=3)
    make_rig()  # 0 leaves PyTorch as it is
    assert taken == [3]


def test_diagnostics_tell_what_is_missing(rig: SegmentationRig) -> None:
    rig.wait_for_diagnostics(DiagnosticStatus.WARN, "no image has come on /image")
    rig.show(image_message(1))
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "waiting for an instruction")
    rig.instruct("mug")
    rig.result()
    assert rig.wait_for_value("answers", "1")["device"] == "cpu"
    status = rig.wait_for_diagnostics(DiagnosticStatus.WARN, "the last image on /image came")
    assert status.name == "llmseg: segmentation"


def test_the_process_ends_cleanly_during_inference(observer: Observer, model: str) -> None:
    """By Ctrl-C twice; `test/ros/test_signals.py` ends one whose inference hangs by SIGTERM."""
    arguments = ["-r", "__ns:=/robot", "-p", f"model:={model}", "-p", "always_on:=true"]
    command = [sys.executable, SCRIPT, "--ros-args", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        images = observer.node.create_publisher(Image, "/robot/image", 5)
        instructions = observer.node.create_publisher(String, "/robot/llmseg/instruction", 5)
        for publisher in (images, instructions):
            observer.wait_until(lambda p=publisher: p.get_subscription_count() > 0, timeout=120)
        instructions.publish(String(data="mug"))
        images.publish(image_message(1))
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
        assert "Traceback" not in output
    finally:
        process.kill()
        process.communicate()


def test_a_bad_parameter_ends_the_process_with_its_reason() -> None:
    with pytest.raises(StartError, match=r"-2\.0"):
        main(["--ros-args", "-p", "max_rate_hz:=-2.0"], StopSignals())
