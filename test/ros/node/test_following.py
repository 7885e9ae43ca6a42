# SPDX-License-Identifier: Apache-2.0
"""Answers carried along at camera rate: the thread by itself, and in a node over DDS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue

import numpy as np
import pytest
import torch
from rclpy.time import Time
from std_msgs.msg import Header

from helpers.moving_picture import moved, patch_mask, textured
from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from helpers.tiny_prompted import tiny_sam2_video
from llmseg_core.config import SelectionRule
from llmseg_core.following.flow import FlowTracker
from llmseg_core.following.follower import Follower
from llmseg_core.following.objects import object_masks
from llmseg_core.following.video import VideoTracker
from llmseg_core.masks import mask_areas, masks_to_boxes
from llmseg_core.methods.method import load_method
from llmseg_core.types import Candidates, Segmentation, Selection
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.messages.result_message import answer_message
from llmseg_ros.node.following import FollowingThread

HEIGHT, WIDTH = 120, 160
IMAGE, MASK = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
WAIT_S = 30.0


def header(number: int) -> Header:
    return Header(stamp=Time(nanoseconds=100_000_000 * number).to_msg(), frame_id="camera")


def shift(number: int) -> np.ndarray:
    return np.array([[1, 0, 1.5 * number], [0, 1, 0], [0, 0, 1.0]])


def frame(number: int) -> Frame:
    return Frame(moved(IMAGE, shift(number)), header(number), number=number)


def mask(number: int) -> np.ndarray:
    return moved(MASK.astype(np.uint8), shift(number)) > 0


def answer(number: int, instruction: str = "mug", found: bool = True) -> SegmentedFrame:
    masks = torch.from_numpy(mask(number))[None]
    scores = torch.full((1,), 0.9)
    candidates = Candidates(masks, masks_to_boxes(masks), mask_areas(masks), scores, scores)
    selection = Selection((0,), 0.9) if found else Selection((), 0.1, "nothing fits")
    union = masks[0].numpy() if found else np.zeros_like(masks[0].numpy())
    return SegmentedFrame(frame(number), Segmentation(instruction, union, selection, candidates))


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


@dataclass
class Rig:
    """A running thread and all that came out of it."""

    published: Queue[SegmentedFrame] = field(default_factory=Queue)
    errors: Queue[Exception] = field(default_factory=Queue)
    lost: int = 0
    instruction: str = "mug"
    tracker: FlowTracker = field(default_factory=FlowTracker)

    def __post_init__(self) -> None:
        self.thread = FollowingThread(
            self._publish, lambda text: text == self.instruction, self._on_lost,
            self.errors.put, self.tracker,
        )  # fmt: skip
        self.thread.start()

    def _publish(self, answer: SegmentedFrame) -> None:
        if answer.frame.number == 13:
            raise OSError("unlucky")
        self.published.put(answer)

    def _on_lost(self) -> None:
        self.lost += 1

    def next(self) -> SegmentedFrame:
        return self.published.get(timeout=WAIT_S)

    def see(self, number: int) -> SegmentedFrame:
        """What is published of an image."""
        self.thread.see(frame(number))
        return self.next()

    def nothing_comes(self) -> bool:
        time.sleep(0.1)
        try:
            self.published.get_nowait()
        except Empty:
            return True
        return False


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.thread.stop()


def test_every_image_after_an_answer_is_answered(rig: Rig) -> None:
    rig.thread.see(frame(1))
    assert rig.nothing_comes()
    rig.thread.adopt(answer(1))
    full = rig.next()
    assert (full.key, full.track_id) == (None, 1)
    for number in (2, 3, 5):  # 4 was left out
        followed = rig.see(number)
        assert iou(followed.segmentation.mask, mask(number)) > 0.9
        assert followed.frame.header == header(number)
        assert followed.key is not None
        assert followed.key.number == 1
        assert followed.segmentation.found
        assert 0.8 < followed.segmentation.confidence <= 0.9
        assert list(followed.segmentation.timings_ms) == ["follow"]
    message = answer_message(followed, Time(seconds=1), 0)
    assert message.followed
    assert message.track_id == 1
    assert message.key_frame_age_ms == pytest.approx(400.0)
    assert [p.selected for p in message.proposals] == [True]
    assert np.isnan(message.proposals[0].iou_score)


def test_a_late_answer_is_moved_to_the_newest_image(rig: Rig) -> None:
    for number in range(1, 7):
        rig.thread.see(frame(number))
        time.sleep(0.02)
    assert rig.nothing_comes()
    rig.thread.adopt(answer(2))
    followed = rig.next()
    assert followed.frame.number == 6
    assert iou(followed.segmentation.mask, mask(6)) > 0.9


def test_an_answer_that_cannot_be_moved_is_published_as_it_is(rig: Rig) -> None:
    rig.thread.see(frame(1))
    rig.thread.see(Frame(textured(HEIGHT, WIDTH, seed=4), header(2), number=2))
    assert rig.nothing_comes()
    rig.thread.adopt(answer(1))
    full = rig.next()
    assert (full.frame.number, full.key, full.segmentation.found) == (1, None, True)
    assert rig.lost == 1
    rig.thread.see(Frame(textured(HEIGHT, WIDTH, seed=4), header(3), number=3))
    assert rig.nothing_comes()


def test_nothing_found_is_said_as_it_is(rig: Rig) -> None:
    rig.thread.see(frame(1))
    rig.thread.adopt(answer(1, found=False))
    full = rig.next()
    assert (full.key, full.track_id, full.segmentation.found) == (None, 0, False)
    rig.thread.see(frame(2))
    assert rig.nothing_comes()


def test_what_is_lost_asks_for_a_full_answer_once(rig: Rig) -> None:
    rig.thread.adopt(answer(1))
    rig.next()
    rig.see(2)
    rig.thread.see(Frame(textured(HEIGHT, WIDTH, seed=4), header(3), number=3))
    lost = rig.next()
    assert not lost.segmentation.found
    assert "lost" in lost.segmentation.reason
    assert rig.lost == 1
    assert not rig.see(4).segmentation.found
    assert rig.lost == 1
    rig.thread.adopt(answer(4))
    found = rig.next()
    assert (found.segmentation.found, found.track_id) == (True, 2)


def test_another_instruction_ends_what_is_followed(rig: Rig) -> None:
    rig.thread.adopt(answer(1))
    rig.next()
    rig.instruction = "spoon"
    rig.thread.see(frame(2))
    rig.thread.adopt(answer(2))  # to the former one
    assert rig.nothing_comes()
    rig.thread.adopt(answer(2, "spoon"))
    spoon = rig.next()
    assert spoon.segmentation.instruction == "spoon"
    assert rig.see(3).segmentation.instruction == "spoon"


def test_off_publishes_answers_as_they_are(rig: Rig) -> None:
    rig.thread.adopt(answer(1))
    rig.next()
    rig.thread.turn(None)
    rig.thread.see(frame(2))
    assert rig.nothing_comes()
    rig.thread.adopt(answer(2))
    plain = rig.next()
    assert (plain.frame.number, plain.track_id, plain.key) == (2, 0, None)
    rig.thread.turn(rig.tracker)
    rig.thread.adopt(answer(2))
    rig.next()
    assert rig.see(3).key is not None


def turn_off_and_on(thread: FollowingThread) -> None:
    thread.turn(None)
    thread.turn(FlowTracker())


@pytest.mark.parametrize("forget", [turn_off_and_on, FollowingThread.forget])
def test_what_was_followed_is_forgotten(
    rig: Rig, forget: Callable[[FollowingThread], None]
) -> None:
    rig.thread.adopt(answer(1))
    rig.next()
    forget(rig.thread)
    rig.thread.see(frame(2))
    assert rig.nothing_comes()
    rig.thread.adopt(answer(3))
    assert rig.next().track_id == 2


def test_an_error_ends_nothing(rig: Rig) -> None:
    rig.thread.adopt(answer(1))
    rig.next()
    rig.thread.see(frame(13))
    assert isinstance(rig.errors.get(timeout=WAIT_S), OSError)
    rig.thread.adopt(answer(14))
    assert rig.next().frame.number == 14
    assert rig.see(15).key is not None


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return directory


def test_a_node_answers_every_image_of_a_moving_camera(observer: Observer, model: Path) -> None:
    """Whatever a model of random weights finds, it is carried along."""
    rig = SegmentationRig(
        observer, model=str(model), following="flow", max_rate_hz=0.001,
        rule="iop", iop_threshold=0.0, min_confidence=0.0,
    )  # fmt: skip
    rig.wait_until_connected()
    rig.instruct("mug")
    rig.show(rgb_to_image(IMAGE, header(10), "rgb8"))
    first = rig.result(1)
    assert first.found
    assert not first.followed
    rig.results.clear()
    rig.show(rgb_to_image(moved(IMAGE, shift(1)), header(20), "rgb8"))
    second = rig.result(2)
    assert second.followed
    assert second.track_id == first.track_id == 1
    assert second.key_frame_age_ms == pytest.approx(1000.0)
    assert second.method == first.method
    assert second.instruction == "mug"
    assert "follow" in {stage.stage for stage in second.stage_times}
    assert "off, flow, video" in rig.set_parameter("following", "fast").reason
    assert "needs following_model" in rig.set_parameter("following", "video").reason
    assert "bring the node to unconfigured" in rig.set_parameter("following_model", "sam2").reason
    assert rig.set_parameter("following", "off").successful
    rig.results.clear()
    rig.show(rgb_to_image(moved(IMAGE, shift(2)), header(30), "rgb8"))
    observer.spin_for(0.4)
    assert not rig.results  # the rate limit keeps the full answer away


def test_a_node_follows_by_sam2s_memory(observer: Observer, model: Path, tmp_path: Path) -> None:
    """What SAM 2 of random weights finds of a thing again is published as its mask."""
    torch.manual_seed(0)
    network = tiny_sam2_video()
    network.mask_decoder.pred_obj_score_head.proj_out.bias.data += 100.0  # nothing is ever hidden
    network.save_pretrained(tmp_path / "sam")
    rig = SegmentationRig(
        observer, model=str(model), following="video", following_model=str(tmp_path),
        max_rate_hz=0.001, rule="iop", iop_threshold=0.0, min_confidence=0.0,
    )  # fmt: skip
    rig.wait_until_connected()
    rig.instruct("mug")
    images = [moved(IMAGE, shift(number)) for number in range(3)]
    rig.show(rgb_to_image(images[0], header(10), "rgb8"))
    first = rig.result(1)
    assert not first.followed
    rig.results.clear()
    rig.masks.clear()
    rig.show(rgb_to_image(images[1], header(20), "rgb8"))
    second = rig.result(2)
    assert second.followed
    assert second.track_id == first.track_id == 1

    method = load_method(model)
    selection = replace(
        method.selection, rule=SelectionRule.IOP, iop_threshold=0.0, min_confidence=0.0
    )
    answer = method.segment(method.encode_frame(images[0]), "mug", selection)
    follower = Follower(VideoTracker(network))
    follower.adopt(1, images[0], object_masks(answer), answer.confidence)
    followed = follower.see(2, images[1])
    assert followed is not None
    mask = np.frombuffer(second.mask.data, np.uint8).reshape(HEIGHT, WIDTH) > 0
    assert mask.any()
    assert np.array_equal(mask, followed.mask)
    assert second.confidence == pytest.approx(followed.confidence)
    for following in ("flow", "video"):  # live; what was followed by the other is forgotten
        assert rig.set_parameter("following", following).successful


def test_a_folder_that_holds_no_sam2_with_memory_is_named(observer: Observer, model: Path) -> None:
    rig = SegmentationRig(observer, model=str(model), following_model=str(model), autostart=False)
    assert rig.node.trigger_configure() is not None
    assert rig.node.errors.last is not None
    assert "'sam'; it must be one of sam2_video" in rig.node.errors.last.text
