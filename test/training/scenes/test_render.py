# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llmseg_training.scenes import (
    BACKGROUND_ID,
    CATEGORIES,
    COLOURS,
    TABLE_ID,
    Scene,
    SceneConfig,
    render_scene,
    scene_seed,
)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render_scene(scene_seed("val", index)) for index in range(6)]


def test_scene_arrays_have_the_promised_form(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.image.shape == (240, 320, 3)
        assert scene.image.dtype == np.uint8
        assert scene.instances.shape == (240, 320)
        assert scene.instances.dtype == np.uint8
        assert scene.depth is not None
        assert scene.depth.dtype == np.float32
        assert scene.image.std() > 5


def test_metadata_agrees_with_the_instance_map(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert 2 <= len(scene.objects) <= 8
        ids = [item.id for item in scene.objects]
        assert ids == sorted(set(ids))
        assert set(ids) <= set(np.unique(scene.instances)) - {BACKGROUND_ID, TABLE_ID}
        for item in scene.objects:
            rows, columns = np.nonzero(scene.mask(item.id))
            x0, y0, x1, y1 = item.box
            assert (columns.min(), rows.min()) == (x0, y0)
            assert (columns.max() + 1, rows.max() + 1) == (x1, y1)
            assert len(rows) == item.visible_pixels >= 40
            assert item.category in CATEGORIES
            assert item.colour in CATEGORIES[item.category].colours
            assert item.colour in COLOURS
            assert 0.03 < item.size_m < 0.3


def test_position_agrees_with_depth(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.depth is not None
        for item in scene.objects:
            depth = float(np.median(scene.depth[scene.mask(item.id)]))
            assert abs(item.position[2] - depth) < item.size_m


def test_the_table_lies_under_the_objects(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert (scene.instances == TABLE_ID).mean() > 0.25


def test_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = render_scene(7), render_scene(7), render_scene(8)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.instances.tobytes() == again.instances.tobytes()
    assert first.objects == again.objects
    assert first.image.tobytes() != other.image.tobytes()


@pytest.mark.parametrize("category", list(CATEGORIES))
def test_every_category_shows_enough_of_itself(category: str) -> None:
    config = SceneConfig(
        width=160, height=120, min_objects=2, max_objects=2, edge_samples=0, categories=(category,)
    )
    objects = render_scene(3, config).objects
    assert {item.category for item in objects} == {category}
    assert max(item.visible_pixels for item in objects) > 60


def test_twins_differ_in_colour() -> None:
    config = SceneConfig(
        width=160, height=120, min_objects=6, max_objects=6, edge_samples=0, twin_share=1.0
    )
    pairs = 0
    for seed in range(8):
        kinds = [(item.category, item.colour) for item in render_scene(seed, config).objects]
        assert len(set(kinds)) == len(kinds)
        pairs += len({category for category, _ in kinds}) < len(kinds)
    assert pairs >= 5


def test_any_size_renders() -> None:
    scene = render_scene(1, SceneConfig(width=200, height=90))
    assert scene.image.shape == (90, 200, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 4}, "width is 4"),
        (
            {"min_objects": 5, "max_objects": 3},
            "min_objects is 5, .* max_objects = 3",
        ),
        ({"twin_share": 1.5}, "twin_share is 1.5"),
        ({"edge_samples": -1}, "edge_samples is -1"),
        ({"categories": ("mug", "sofa")}, "sofa"),
    ],
)
def test_config_refuses_bad_values(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SceneConfig(**values)


def test_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        render_scene(-1)


def test_unknown_object_id_is_refused(scenes: list[Scene]) -> None:
    with pytest.raises(ValueError, match="99"):
        scenes[0].mask(99)
