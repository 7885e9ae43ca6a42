# SPDX-License-Identifier: Apache-2.0
"""Answers of a real node in a file, read with Rerun's own reader, and what may go wrong."""

from __future__ import annotations

import importlib.util
import io
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.depth_rig import HEIGHT, WIDTH, DepthRig
from helpers.observer import Observer
from helpers.pictures import picture
from helpers.segmentation_rig import SegmentationRig, image_message, pixels
from helpers.small_model import save_small_model
from llmseg_ros.rerun.target import RerunTarget

needs_rerun = pytest.mark.skipif(
    importlib.util.find_spec("rerun") is None, reason="no rerun-sdk: requirements-rerun.txt"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


def logged(file: Path) -> dict[str, dict[str, dict[int, Any]]]:
    """What a file says: entity, then component, then second of the stamp."""
    from rerun.chunk import RrdReader

    found: dict[str, dict[str, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    for chunk in RrdReader(file).stream().to_chunks():
        if "stamp" not in chunk.timeline_names:
            continue
        batch = chunk.to_record_batch()
        stamps = [moment.value // 10**9 for moment in batch.column("stamp")]
        for name in (name for name in batch.schema.names if ":" in name):
            for second, value in zip(stamps, batch.column(name).to_pylist(), strict=True):
                if value is not None:
                    found[chunk.entity_path][name.partition(":")[2]][second] = value
    return found


@needs_rerun
def test_all_of_an_answer_is_in_the_file(observer: Observer, model: str, tmp_path: Path) -> None:
    """And it is answered for the log alone: nobody listens to a topic at first."""
    file = tmp_path / "log.rrd"
    rig = DepthRig(observer, model=model, threads=1, rerun=str(file))
    rig.wait_until_connected()
    rig.instruct("the red mug")
    rig.photograph(7)
    result = rig.result(7)
    rig.photograph(8)
    rig.result(8)  # an answer is logged after it was published, and before the next one is
    assert rig.set_parameter("rerun", "").successful
    observer.wait_until(lambda: not rig.node._rerun.place)

    said = logged(file)
    camera = "/camera"
    (jpeg,) = said[f"{camera}/image"]["blob"][7]
    seen = np.asarray(Image.open(io.BytesIO(bytes(jpeg)))).astype(int)
    assert np.abs(seen - picture(0, HEIGHT, WIDTH)).mean() < 12
    (mask,) = said[f"{camera}/image/mask"]["buffer"][7]
    mask = np.array(mask, np.uint8).reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(mask > 0, pixels(result.mask) > 0)
    (numbers,) = said[f"{camera}/image/candidates"]["buffer"][7]
    labels = said[f"{camera}/image/boxes"]["labels"][7]
    scores = sorted((proposal.score for proposal in result.proposals), reverse=True)[: len(labels)]
    assert [float(label.partition(": ")[2]) for label in labels] == pytest.approx(scores, abs=0.006)
    assert set(numbers) - {0} <= set(range(1, len(labels) + 1))
    assert said[f"{camera}/confidence"]["scalars"][7] == pytest.approx([result.confidence])
    (words,) = said[f"{camera}/answer"]["text"][7]
    assert words.startswith("the red mug: found (")
    points = np.array(said[f"{camera}/points"]["positions"][7])
    assert len(points) == sum(place.point_count for place in result.places)
    assert ((points[:, 2] > 0.55) & (points[:, 2] < 0.95)).all()
    (centre, *_) = said[f"{camera}/objects"]["centers"][7]
    box = result.places[0].box.position
    assert centre == pytest.approx([box.x, box.y, box.z], abs=1e-5)


@needs_rerun
def test_followed_answers_and_the_full_one_that_they_come_from(
    observer: Observer, model: str, tmp_path: Path
) -> None:
    file = tmp_path / "log.rrd"
    rig = SegmentationRig(
        observer, listens=False, model=model, threads=1, following="flow", rerun=str(file)
    )
    rig.wait_for_images()
    rig.instruct("the red mug")
    for second in range(1, 40):
        rig.show(image_message(second))
        observer.spin_for(0.1)
    assert rig.set_parameter("rerun", "").successful
    observer.wait_until(lambda: not rig.node._rerun.place)

    said = logged(file)
    full = set(said["/camera/answer"]["text"])
    assert full
    assert full == set(said["/camera/image/boxes"]["labels"])
    assert len(said["/camera/confidence"]["scalars"]) > len(full)


@needs_rerun
def test_a_viewer_that_is_away_holds_nobody_up(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, threads=1, rerun="127.0.0.1:9")
    rig.wait_until_connected()
    rig.instruct("the red mug")
    for second in range(1, 15):
        rig.show(image_message(second))
        rig.result(second)
    began = time.monotonic()
    assert rig.set_parameter("rerun", "").successful
    assert time.monotonic() - began < 10  # about 0.3 s on an idle machine
    assert rig.state() == "active"


@needs_rerun
def test_no_log_is_written_over_and_a_bad_place_is_said(
    observer: Observer, model: str, tmp_path: Path
) -> None:
    former = tmp_path / "log.rrd"
    former.write_bytes(b"former")
    rig = SegmentationRig(observer, listens=False, model=model, rerun=str(former))
    assert rig.node._rerun.place == str(tmp_path / "log-2.rrd")
    assert former.read_bytes() == b"former"
    rig.wait_for_images()
    nowhere = tmp_path / "nowhere" / "log.rrd"
    assert rig.set_parameter("rerun", str(nowhere)).successful
    text = f"rerun: nothing is logged: {nowhere} cannot be written"
    observer.wait_until(lambda: any(text in line for line in rig.logs))
    refused = rig.set_parameter("rerun", "somewhere")
    assert "rerun is 'somewhere', it must be a file that ends in .rrd" in refused.reason
    assert rig.state() == "active"


def test_without_rerun_one_line_says_so(
    observer: Observer, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    monkeypatch.delitem(sys.modules, "llmseg_ros.rerun.entities", raising=False)
    rig = SegmentationRig(observer, model=model, rerun=str(tmp_path / "log.rrd"))
    rig.wait_until_connected()
    rig.instruct("the red mug")
    rig.show(image_message(1))
    rig.result(1)
    # a viewer that was away in an earlier test may still be complained of
    said = [line for line in rig.logs if "Rerun is not installed" in line]
    assert len(said) == 1
    assert "pip install rerun-sdk==0.41.0" in said[0]
    assert not (tmp_path / "log.rrd").exists()


@pytest.mark.parametrize(
    ("text", "file", "url"),
    [
        ("", "", ""),
        ("logs/a.rrd", "logs/a.rrd", ""),
        ("127.0.0.1:9876", "", "rerun+http://127.0.0.1:9876/proxy"),
        ("[::1]:9876", "", "rerun+http://[::1]:9876/proxy"),
        ("rerun+https://robot.local:9876/proxy", "", "rerun+https://robot.local:9876/proxy"),
    ],
)
def test_what_a_place_means(text: str, file: str, url: str) -> None:
    assert RerunTarget.parse(text) == RerunTarget(file, url)


@pytest.mark.parametrize("text", ["a", "a.mcap", ":9876", "host:", "http://host:9876", "a b:1"])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="rerun is"):
        RerunTarget.parse(text)
