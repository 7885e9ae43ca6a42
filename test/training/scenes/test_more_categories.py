# SPDX-License-Identifier: Apache-2.0
"""The larger catalogue and the rich looks beside the scenes of the packaged model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmseg_training.scenes import (
    ALL_CATEGORIES,
    BACKGROUND_ID,
    CATALOGUES,
    CATEGORIES,
    COLOURS,
    TABLE_ID,
    Scene,
    SceneConfig,
    render_scene,
    scene_seed,
    write_scenes,
)
from llmseg_training.scenes.colours import sample_colour
from llmseg_training.scenes.looks import photographed
from llmseg_training.scenes.more_categories import MORE_CATEGORIES

WERE = [
    [("box", "brown", (87, 109, 159, 175)), ("scissors", "black", (240, 92, 287, 157))],
    [("fork", "pink", (120, 28, 166, 75)), ("key", "black", (156, 56, 205, 85))],
]
"""The first two objects of two scenes that were rendered before there were others."""

RICH = SceneConfig(
    width=160, height=120, edge_samples=0, categories=CATALOGUES["household"], looks="rich"
)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render_scene(scene_seed("val", index), RICH) for index in range(8)]


def test_the_catalogues_are_the_packaged_models_and_all() -> None:
    assert CATALOGUES["tabletop"] == tuple(CATEGORIES) == SceneConfig().categories
    assert len(CATALOGUES["household"]) == len(ALL_CATEGORIES) == 94
    assert not CATEGORIES.keys() & MORE_CATEGORIES.keys()


@pytest.mark.parametrize("name", list(MORE_CATEGORIES))
def test_every_category_is_a_thing_that_fits_on_a_table(name: str) -> None:
    category = MORE_CATEGORIES[name]
    assert category.name == name
    assert set(category.colours) <= set(COLOURS)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        parts = category.build(rng, sample_colour(rng, category.colours[0]))
        points = np.concatenate([part.points for part in parts])
        size = np.ptp(points, axis=0)
        assert np.isfinite(points).all()
        assert 0.025 < size.max() < 0.3
        for part in parts:
            assert part.faces.max() < len(part.points)
            colours = part.paint(part.local)
            assert colours.shape == part.local.shape
            assert 0 <= colours.min() <= colours.max() <= 1


def test_what_is_added_has_no_name(scenes: list[Scene]) -> None:
    for scene in scenes:
        known = {BACKGROUND_ID, TABLE_ID} | set(range(1, 9))
        assert set(np.unique(scene.instances)) <= known
        for item in scene.objects:
            assert item.category in ALL_CATEGORIES
            assert (scene.instances == item.id).sum() == item.visible_pixels
    named = {item.category for scene in scenes for item in scene.objects}
    assert len(named & MORE_CATEGORIES.keys()) > 10


def test_rich_scenes_are_the_same_again_and_differ_from_plain_ones(scenes: list[Scene]) -> None:
    again = render_scene(scenes[0].seed, RICH)
    assert again.image.tobytes() == scenes[0].image.tobytes()
    assert again.objects == scenes[0].objects
    assert any((scene.instances == BACKGROUND_ID).any() for scene in scenes)


def test_plain_scenes_are_what_they_were() -> None:
    """Figures in the documents are of these scenes: nothing may be drawn before or between."""
    config = SceneConfig(edge_samples=0)
    seen = [
        [(item.category, item.colour, item.box) for item in render_scene(seed, config).objects[:2]]
        for seed in (scene_seed("test", 0), scene_seed("val", 5))
    ]
    assert seen == WERE


def test_a_camera_spoils_a_picture_a_little() -> None:
    image = np.full((60, 80, 3), 128, np.uint8)
    image[20:40, 30:60] = (200, 40, 40)
    for seed in range(6):
        shown = photographed(np.random.default_rng(seed), image)
        assert shown.shape == image.shape
        assert shown.dtype == np.uint8
        red, rest = shown[25:35, 35:55].mean((0, 1)), shown[:15].mean((0, 1))
        assert red[0] > red[1] + 60
        assert np.abs(rest - 128).max() < 70


def test_a_folder_keeps_one_kind_of_looks(tmp_path: Path) -> None:
    small = SceneConfig(width=64, height=48, edge_samples=0)
    folder = write_scenes(tmp_path, "val", 1, config=small)
    settings = folder / "scenes.yaml"
    # as folders of earlier versions have it
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("looks")]
    settings.write_text("\n".join(lines) + "\n")
    rich = SceneConfig(width=64, height=48, edge_samples=0, looks="rich")
    with pytest.raises(ValueError, match="rendered with looks plain, not rich"):
        write_scenes(tmp_path, "val", 2, config=rich)
    write_scenes(tmp_path, "val", 2, config=small)
