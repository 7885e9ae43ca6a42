# SPDX-License-Identifier: Apache-2.0
"""The services `~/clear` and `~/enable`, over DDS."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from helpers.moving_picture import textured
from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model
from llmseg_ros.messages.conversions import rgb_to_image


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


def clear(rig: SegmentationRig) -> Trigger.Response:
    client = rig.observer.node.create_client(Trigger, "llmseg/clear")
    response = rig.call(client, Trigger.Request())
    rig.observer.node.destroy_client(client)
    return response


def enable(rig: SegmentationRig, is_on: bool) -> SetBool.Response:
    client = rig.observer.node.create_client(SetBool, "llmseg/enable")
    response = rig.call(client, SetBool.Request(data=is_on))
    rig.observer.node.destroy_client(client)
    return response


def test_clear_forgets_the_instruction_and_what_is_followed(observer: Observer, model: str) -> None:
    rig = SegmentationRig(
        observer, model=model, following="flow", rule="iop", iop_threshold=0.0, min_confidence=0.0
    )
    rig.wait_until_connected()
    response = clear(rig)
    assert (response.success, response.message) == (True, "nothing was asked")
    rig.instruct("mug")
    picture = rgb_to_image(textured(120, 160), Header(frame_id="camera"))
    picture.header.stamp.sec = 1
    rig.show(picture)
    assert rig.result(1).found
    response = clear(rig)
    assert (response.success, response.message) == (True, "forgot 'mug'")
    rig.results.clear()
    for stamp in (2, 3):
        picture.header.stamp.sec = stamp
        rig.show(picture)
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "waiting for an instruction")
    assert not rig.results
    rig.instruct("spoon")
    assert rig.result(3, "spoon")


def test_enable_pauses_and_goes_on(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, always_on=True)
    rig.wait_until_connected()
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.result(1)
    response = enable(rig, False)
    assert (response.success, response.message) == (True, "paused until the next call")
    rig.show(image_message(2))
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "paused by a call of ~/enable")
    assert {result.header.stamp.sec for result in rig.results} == {1}
    refused = rig.segment("mug", image_message(3))
    assert (refused.success, "call ~/enable" in refused.message) == (False, True)

    assert rig.change_state("deactivate")  # what was told last holds
    assert rig.change_state("activate")
    rig.wait_until_connected()
    rig.show(image_message(4))
    observer.spin_for(0.3)
    assert {result.header.stamp.sec for result in rig.results} == {1}
    assert enable(rig, True).success
    assert rig.result(4).instruction == "mug"
    assert rig.segment("mug", image_message(5)).success


def test_both_answer_in_every_state(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, autostart=False)
    response = clear(rig)
    assert (response.success, "unconfigured" in response.message) == (False, True)
    assert enable(rig, False).success
    assert enable(rig, True).success
