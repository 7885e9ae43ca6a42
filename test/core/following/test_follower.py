# SPDX-License-Identifier: Apache-2.0
"""Full answers that come late, contradict each other, or find nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from helpers.moving_picture import moved, patch_mask, textured
from llmseg_core.following.flow import FlowTracker
from llmseg_core.following.follower import Followed, Follower

HEIGHT, WIDTH = 240, 320
IMAGE, MASK = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
NOTHING = np.zeros((0, HEIGHT, WIDTH), bool)


def shifted(step: int) -> np.ndarray:
    return np.array([[1, 0, 1.5 * step], [0, 1, 0.5 * step], [0, 0, 1]])


def at(step: int) -> np.ndarray:
    return moved(IMAGE, shifted(step))


def mask_at(step: int, mask: np.ndarray = MASK) -> np.ndarray:
    return moved(mask.astype(np.uint8), shifted(step)) > 0


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def elsewhere() -> np.ndarray:
    return np.roll(MASK, 100, axis=1)


def following(until: int = 0, confidence: float = 0.8) -> Follower:
    follower = Follower()
    follower.see(0, at(0))
    follower.adopt(0, at(0), MASK[None], confidence)
    for step in range(1, until + 1):
        follower.see(step, at(step))
    return follower


def now(follower: Follower) -> Followed:
    followed = follower.now()
    assert followed is not None
    return followed


def test_nothing_is_followed_before_an_answer() -> None:
    follower = Follower()
    assert follower.see(0, IMAGE) is None
    assert follower.now() is None


def test_an_answer_that_comes_late_catches_up() -> None:
    """The same as if it had come at once."""
    late = Follower()
    for step in range(11):
        late.see(10 + step, at(step))
    followed = late.adopt(10, at(0), MASK[None], 0.8)
    assert followed is not None
    assert iou(followed.mask, mask_at(10)) > 0.93
    assert followed.key == 10
    assert followed.track_id == 1
    assert 0.7 < followed.confidence <= 0.8
    early = following(10)
    assert np.array_equal(followed.masks, now(early).masks)


def test_several_objects_move_one_by_one() -> None:
    follower = Follower()
    left, right = np.roll(MASK, -80, axis=1), np.roll(MASK, 80, axis=1)
    follower.see(0, IMAGE)
    follower.adopt(0, at(0), np.stack([left, right]), 0.8)
    for step in range(1, 9):  # only the right one moves
        image = IMAGE.copy()
        image[:, WIDTH // 2 :] = np.roll(IMAGE, step, axis=0)[:, WIDTH // 2 :]
        followed = follower.see(step, image)
    assert followed is not None
    assert iou(followed.masks[0], left) > 0.97
    assert iou(followed.masks[1], np.roll(right, 8, axis=0)) > 0.93
    assert np.array_equal(followed.mask, followed.masks.any(axis=0))


def test_what_is_lost_says_so_until_an_answer_comes() -> None:
    follower = following(2)
    followed = follower.see(3, textured(HEIGHT, WIDTH, seed=9))
    assert followed is not None
    assert followed.lost
    assert followed.masks.shape == (0, HEIGHT, WIDTH)
    assert not followed.mask.any()
    assert followed.confidence == 0
    follower.see(4, at(4))
    found = follower.adopt(4, at(4), mask_at(4)[None], 0.6)
    assert found is not None
    assert not found.lost
    assert found.track_id == 2


def test_an_answer_that_agrees_takes_over() -> None:
    follower = following(5)
    followed = follower.adopt(3, at(3), mask_at(3)[None], 0.4)
    assert followed is not None
    assert (followed.key, followed.track_id) == (3, 1)
    assert followed.confidence < 0.41


@pytest.mark.parametrize("other", [elsewhere()[None], NOTHING], ids=["elsewhere", "nothing"])
def test_one_answer_that_contradicts_does_not_flicker(other: np.ndarray) -> None:
    follower = following(5, confidence=0.8)
    assert follower.adopt(4, at(4), other, 0.8)
    assert iou(now(follower).mask, mask_at(5)) > 0.95
    follower.see(6, at(6))
    agreeing = follower.adopt(5, at(5), mask_at(5)[None], 0.8)
    assert agreeing is not None
    assert agreeing.track_id == 1
    follower.adopt(6, at(6), other, 0.8)  # the doubt was forgotten
    assert iou(now(follower).mask, mask_at(6)) > 0.95


def test_two_answers_that_contradict_are_believed() -> None:
    follower = following(5)
    follower.adopt(4, at(4), elsewhere()[None], 0.8)
    follower.see(6, at(6))
    followed = follower.adopt(5, at(5), elsewhere()[None], 0.8)
    assert followed is not None
    assert followed.track_id == 2
    assert iou(followed.mask, np.roll(mask_at(1), 100, axis=1)) > 0.9
    follower.adopt(6, at(6), NOTHING, 0.1)
    assert follower.adopt(6, at(6), NOTHING, 0.1) is None  # nothing fits any longer


def test_a_surer_answer_is_believed_at_once() -> None:
    follower = following(5, confidence=0.5)
    followed = follower.adopt(5, at(5), elsewhere()[None], 0.9)
    assert followed is not None
    assert followed.track_id == 2


def test_an_answer_to_an_image_that_is_no_longer_kept_changes_nothing() -> None:
    follower = following(1)
    for step in range(2, FlowTracker.kept + 5):
        follower.see(step, at(1))
    before = now(follower)
    after = follower.adopt(2, at(2), elsewhere()[None], 1.0)
    assert after is not None
    assert after.key == before.key
    assert follower.adopt(200, textured(120, 160), np.ones((1, 120, 160), bool), 1.0)
    assert now(follower).key == 0  # another size


def test_another_size_and_another_instruction_begin_anew() -> None:
    follower = following(3)
    assert follower.see(4, textured(120, 160)) is None
    assert follower.adopt(4, textured(120, 160), np.ones((1, 120, 160), bool), 0.5) is not None
    follower = following(3)
    follower.forget()
    assert follower.now() is None
    assert follower.see(4, at(4)) is None
    followed = follower.adopt(1, at(1), mask_at(1)[None], 0.5)  # it catches up nevertheless
    assert followed is not None
    assert iou(followed.mask, mask_at(4)) > 0.95


def test_numbers_must_rise() -> None:
    follower = following(3)
    with pytest.raises(ValueError, match="image 3 after image 3"):
        follower.see(3, IMAGE)


def test_it_is_the_same_every_time() -> None:
    cv2.setRNGSeed(1)
    first = now(following(10)).masks
    cv2.setRNGSeed(2)
    assert np.array_equal(now(following(10)).masks, first)
