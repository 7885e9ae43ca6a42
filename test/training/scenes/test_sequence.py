# SPDX-License-Identifier: Apache-2.0
"""Sequences of a moving camera: reproducible, as fast as asked, and a hand that does as it says."""

from __future__ import annotations

import numpy as np
import pytest

from llmseg_training.scenes import SceneConfig, render_scene
from llmseg_training.scenes.sequence import (
    HAND_ID,
    Event,
    SceneSequence,
    SequenceConfig,
    render_sequence,
)

SIZE = SceneConfig(width=96, height=72, edge_samples=0)


def rendered(event: Event, seed: int = 3, frames: int = 20, **options: float) -> SceneSequence:
    config = SequenceConfig(frames=frames, event=event, event_at=4, **options)
    return render_sequence(seed, config, SIZE)


def visible(sequence: SceneSequence) -> list[int]:
    return [int((s.instances == sequence.object_id).sum()) for s in sequence.scenes]


def test_the_first_frame_is_the_scene_of_the_seed() -> None:
    sequence = rendered(Event.NONE, frames=3)
    scene = render_scene(3, SIZE)
    assert np.array_equal(sequence.scenes[0].instances, scene.instances)
    assert sequence.object_id == 0
    assert not any((s.instances == HAND_ID).any() for s in sequence.scenes)


def test_a_seed_gives_the_same_sequence_again() -> None:
    first, second = rendered(Event.CARRY, frames=6), rendered(Event.CARRY, frames=6)
    for one, other in zip(first.scenes, second.scenes, strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.instances, other.instances)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_objects_move_as_fast_as_asked(speed: float) -> None:
    sequence = rendered(Event.NONE, frames=8, speed_px=speed, shake_px=0.0)
    found = []
    for item in sequence.scenes[0].objects:
        if item.visible_pixels > 60:
            places = [np.argwhere(s.instances == item.id).mean(axis=0) for s in sequence.scenes]
            found.append(np.linalg.norm(np.diff(places, axis=0), axis=1).mean())
    assert np.mean(found) == pytest.approx(speed, rel=0.35)  # of centres of what is visible


def test_a_hand_passes_and_the_object_stays() -> None:
    sequence = rendered(Event.PASS, frames=24, speed_px=0.2)
    areas = visible(sequence)
    assert min(areas[5:10]) < 0.2 * areas[0]
    assert areas[-1] > 0.8 * areas[0]
    assert not (sequence.scenes[-1].instances == HAND_ID).any()


def test_a_hand_takes_the_object_away() -> None:
    areas = visible(rendered(Event.TAKE, frames=26))
    assert areas[0] > 50
    assert areas[-1] == 0


def test_a_hand_carries_the_object() -> None:
    sequence = rendered(Event.CARRY, frames=24, speed_px=0.05)
    others = rendered(Event.NONE, frames=24, speed_px=0.05)
    where = [np.argwhere(s.instances == sequence.object_id) for s in sequence.scenes]
    stays = [np.argwhere(s.instances == sequence.object_id) for s in others.scenes]
    assert len(where[-1]) > 0
    assert np.abs(where[-1].mean(axis=0) - where[0].mean(axis=0)).max() > 2
    assert np.abs(stays[-1].mean(axis=0) - stays[0].mean(axis=0)).max() < 2


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed -1 must not be negative"):
        render_sequence(-1)
