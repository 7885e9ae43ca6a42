# SPDX-License-Identifier: Apache-2.0
"""The packaged model is shown what it cannot know: the diagnostics and the live page say so."""

from __future__ import annotations

import math
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from helpers.observer import Observer
from helpers.page_client import PageClient, free_port
from helpers.segmentation_rig import SegmentationRig, image_message


def warned(rig: SegmentationRig, text: str) -> DiagnosticStatus:
    """The warning with that text, while images come."""
    deadline = time.monotonic() + 60
    while True:
        for status in rig.diagnostics:
            if status.level == DiagnosticStatus.WARN and text in status.message:
                return status
        assert time.monotonic() < deadline, [status.message for status in rig.diagnostics]
        rig.show(image_message(9))
        rig.observer.spin_for(0.2)


def test_unfamiliar_images_are_a_warning_as_long_as_they_come(observer: Observer) -> None:
    port = free_port()
    rig = SegmentationRig(observer, model="embedded", threads=1, web_port=port)
    page = PageClient(observer, port)
    rig.wait_until_connected()
    rig.instruct("something to drink from")
    rig.show(image_message(1))
    result = rig.result(1)
    assert result.reason.startswith("unfamiliar image: ")
    assert (result.found, result.confidence) == (False, 0.0)
    assert math.isnan(result.presence)
    status = warned(rig, result.reason)
    values = {pair.key: pair.value for pair in status.values}
    assert float(values["unfamiliarity"]) > 1

    state = page.get("/api/state").json
    assert state["calibrated"]
    assert state["cameras"][0]["message"] == result.reason
    deadline = time.monotonic() + 60
    head = None
    while head is None or not head["answer"]:
        rig.show(image_message(2))
        reply = page.get("/api/view", camera="", after=0)
        head = reply.head if reply.status == 200 else None
        assert time.monotonic() < deadline
    assert head["answer"]["unfamiliar"]

    assert page.post("/api/parameter", {"name": "accept_unfamiliar", "value": True}).status == 200
    rig.show(image_message(3))
    answered = rig.result(3)
    assert not answered.reason.startswith("unfamiliar")
    assert 0 <= answered.presence <= 1
    warned(rig, "its confidence means nothing here")

    assert page.post("/api/parameter", {"name": "min_presence", "value": 1.0}).status == 200
    rig.show(image_message(4))
    nothing = rig.result(4)
    told = f"the chance that anything fits, {nothing.presence:.2f}, is below 1"
    assert (nothing.found, nothing.reason) == (False, told)
    assert nothing.confidence == pytest.approx(1 - nothing.presence)
    head = page.get("/api/view", camera="", after=0).head
    assert head["answer"]["presence"] == pytest.approx(nothing.presence)
