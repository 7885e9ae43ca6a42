# SPDX-License-Identifier: Apache-2.0
"""Masks carried along by SAM 2's memory: the real class in the smallest size, random weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from transformers import Sam2VideoModel
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

from helpers.moving_picture import moved, patch_mask, textured
from helpers.tiny_prompted import tiny_sam2_video
from llmseg_core.following.follower import Follower
from llmseg_core.following.video import VideoMemory, VideoTracker, VideoView

HEIGHT, WIDTH = 48, 80
STEPS = 12
MASKS = np.stack([patch_mask(HEIGHT, WIDTH), np.roll(patch_mask(HEIGHT, WIDTH), 20, axis=1)])


def at(step: int) -> np.ndarray:
    return moved(textured(HEIGHT, WIDTH), np.array([[1, 0, 2.0 * step], [0, 1, step], [0, 0, 1]]))


@pytest.fixture(scope="module")
def model() -> Sam2VideoModel:
    torch.manual_seed(0)
    return tiny_sam2_video()


@pytest.fixture
def score(model: Sam2VideoModel) -> Iterator[torch.Tensor]:
    """What is added to the network's score that an object can be seen; a test may set it."""
    bias = model.mask_decoder.pred_obj_score_head.proj_out.bias.data
    before = bias.clone()
    bias += 100.0
    yield bias
    bias.copy_(before)


def plain_session(model: Sam2VideoModel, masks: np.ndarray) -> Sam2VideoInferenceSession:
    session = Sam2VideoInferenceSession(video_height=HEIGHT, video_width=WIDTH, dtype=model.dtype)
    for number, mask in enumerate(masks):
        index = session.obj_id_to_idx(number)
        session.add_mask_inputs(index, 0, torch.from_numpy(mask)[None, None].float())
        session.obj_with_new_inputs.append(number)
    return session


@pytest.mark.parametrize("count", [1, 2])
def test_masks_are_those_of_a_session_that_keeps_everything(
    model: Sam2VideoModel, score: torch.Tensor, count: int
) -> None:
    masks = MASKS[:count]
    session = plain_session(model, masks)
    with torch.inference_mode():
        model(session, frame=VideoView(model, at(0)).pixels)
    memory = VideoMemory(model, VideoView(model, at(0)), masks)
    before: torch.Tensor | None = None
    for step in range(1, STEPS):
        with torch.inference_mode():
            kept = model(session, frame=VideoView(model, at(step)).pixels)
        logits, seen = memory.step(VideoView(model, at(step)))
        assert torch.equal(logits, kept.pred_masks[:, 0])
        assert torch.equal(seen, torch.sigmoid(kept.object_score_logits.flatten()))
        assert before is None or not torch.equal(before, logits)
        before = logits
    assert len(session.output_dict_per_obj[0]["non_cond_frame_outputs"]) == STEPS - 1
    assert memory.count == model.config.max_object_pointers_in_encoder - 1


def test_memory_matters(model: Sam2VideoModel, score: torch.Tensor) -> None:
    first = VideoMemory(model, VideoView(model, at(0)), MASKS[:1])
    second = VideoMemory(model, VideoView(model, at(0)), MASKS[1:])
    view = VideoView(model, at(1))
    assert not torch.equal(first.step(view)[0], second.step(view)[0])


def test_an_object_that_is_hidden_is_lost_and_found_again(
    model: Sam2VideoModel, score: torch.Tensor
) -> None:
    follower = Follower(VideoTracker(model))
    follower.see(1, at(0))
    begun = follower.adopt(1, at(0), MASKS, 0.8)
    assert begun is not None
    assert np.array_equal(begun.masks, MASKS)  # the key frame's own
    assert begun.confidence == 0.8
    seen = follower.see(2, at(1))
    assert seen is not None
    assert not seen.lost
    assert seen.masks.shape == (2, HEIGHT, WIDTH)
    assert 0 < seen.confidence <= 0.8
    score -= 200.0
    hidden = follower.see(3, at(2))
    assert hidden is not None
    assert hidden.lost == "it cannot be seen"
    assert (hidden.confidence, len(hidden.masks)) == (0.0, 0)
    score += 200.0
    again = follower.see(4, at(3))
    assert again is not None
    assert not again.lost
    assert again.track_id == begun.track_id


def test_a_late_answer_jumps_over_images_that_are_forgotten(
    model: Sam2VideoModel, score: torch.Tensor
) -> None:
    tracker = VideoTracker(model)
    follower = Follower(tracker)
    for number in range(1, tracker.kept + 6):
        follower.see(number, at(number))
    caught_up = follower.adopt(1, at(1), MASKS[:1], 0.8)
    memory = VideoMemory(model, VideoView(model, at(1)), MASKS[:1])
    for number in range(6, tracker.kept + 6):
        logits, _ = memory.step(VideoView(model, at(number)))
    expected = torch.nn.functional.interpolate(logits[None], (HEIGHT, WIDTH), mode="bilinear") > 0
    assert caught_up is not None
    assert caught_up.key == 1
    assert np.array_equal(caught_up.masks, expected[0].numpy())


def test_an_answer_that_finds_nothing_is_followed_by_nothing(model: Sam2VideoModel) -> None:
    follower = Follower(VideoTracker(model))
    follower.see(1, at(0))
    assert follower.adopt(1, at(0), MASKS[:0], 0.8) is None
    assert follower.see(2, at(1)) is None


def test_half_precision_is_finite(model: Sam2VideoModel, score: torch.Tensor) -> None:
    half = tiny_sam2_video().to(torch.bfloat16)
    memory = VideoMemory(half, VideoView(half, at(0)), MASKS)
    logits, seen = memory.step(VideoView(half, at(1)))
    assert torch.isfinite(logits).all()
    assert torch.isfinite(seen).all()
