# SPDX-License-Identifier: Apache-2.0
"""What the node says first, and what it says of a model that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from llmseg_core.config import RuntimeConfig
from llmseg_core.methods.method import load_method
from llmseg_ros.node.first_words import about_model
from llmseg_ros.node.model_loading import LoadedModel


def test_the_first_lines_say_what_it_knows_and_how_to_ask(
    observer: Observer, tmp_path: Path
) -> None:
    model = str(tmp_path / "small")
    save_small_model(tmp_path / "small")
    rig = SegmentationRig(observer, model=model)
    rig.wait_for_state("active")
    observer.wait_until(lambda: any("see: " in line for line in rig.logs))
    said = "\n".join(rig.logs)
    assert f"model {model} (" in said
    assert "it understands names, descriptions, relations and questions like those" in said
    assert "active: images from /image, answers on /llmseg/mask, /llmseg/result and " in said
    assert "see: ros2 run rqt_image_view rqt_image_view /llmseg/overlay " in said
    command = "ros2 topic pub --once /llmseg/instruction std_msgs/msg/String \"{data: '"
    assert f"ask: {command}" in said
    assert "packaged model" not in said
    loaded = LoadedModel(load_method(model), "embedded", RuntimeConfig(), 1.0)
    packaged = list(about_model(loaded))[1]
    assert "no photographs; for a real camera see" in packaged
    assert "made for " in packaged  # and which profile is, on this machine


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("grounding", "llmseg get grounding downloads it (about 9.8 GB) (ros2 run llmseg_ros llms"),
        ("groundin", "it must be a path, embedded, or a profile: grounding, "),
    ],
)
def test_a_model_that_is_not_there(
    observer: Observer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, said: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    rig = SegmentationRig(observer, model=model)
    observer.wait_until(lambda: any("cannot configure" in log for log in rig.logs))
    assert said in "\n".join(rig.logs)
    assert rig.state() == "unconfigured"  # and waits for another one
