# SPDX-License-Identifier: Apache-2.0
"""What is said of a scene is true of what it is said of, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from examples.libero.names import NAMES, names_of, sorts_of
from examples.libero.places import Placed, nearest, on_or_in, relations, which_of_alike
from examples.libero.wordings import (
    absent_wordings,
    descriptions,
    name_wordings,
    place_wordings,
    task_wordings,
)


def placed(name: str, x: float, y: float, z: float = 0.0, side: float = 0.08) -> Placed:
    """A cube that stands at x (to the front) and y (to the right), its foot at height z."""
    half = side / 2
    low, high = np.array([x - half, y - half, z]), np.array([x + half, y + half, z + side])
    return Placed(name, name.rpartition("_")[0], low, high, movable=True)


LEFT, RIGHT = placed("akita_black_bowl_1", 0, -0.2), placed("akita_black_bowl_2", 0, 0.2)
PLATE = placed("plate_1", 0, 0.1)
BASKET = placed("basket_1", 0.2, 0, side=0.2)


def said_of(thing: Placed, others: list[Placed]) -> set[tuple[str, tuple[str, ...]]]:
    return {(word, tuple(each.name for each in by)) for word, by in relations(thing, others)}


def test_directions_are_those_that_the_scene_camera_sees() -> None:
    assert ("left of", ("plate_1",)) in said_of(LEFT, [PLATE])
    assert ("right of", ("plate_1",)) in said_of(RIGHT, [PLATE])
    assert ("in front of", ("plate_1",)) in said_of(placed("milk_1", 0.2, 0.1), [PLATE])
    assert ("behind", ("plate_1",)) in said_of(placed("milk_1", -0.2, 0.1), [PLATE])


def test_between_next_to_and_far_away() -> None:
    middle = placed("milk_1", 0.01, 0)
    assert ("between", (LEFT.name, RIGHT.name)) in said_of(middle, [LEFT, RIGHT])
    assert ("between", (LEFT.name, RIGHT.name)) not in said_of(PLATE, [LEFT, BASKET])
    assert ("next to", ("plate_1",)) in said_of(RIGHT, [PLATE])
    assert said_of(placed("milk_1", 0.9, 0.9), [PLATE]) == set()


def test_on_and_in() -> None:
    assert on_or_in(placed("milk_1", 0, 0.1, z=0.08), PLATE) == "on"
    assert on_or_in(placed("milk_1", 0.2, 0, z=0.02), BASKET) == "in"
    assert on_or_in(placed("milk_1", 0.2, 0, z=0.2), BASKET) == "on"
    assert on_or_in(placed("milk_1", 0.4, 0), BASKET) is None
    assert on_or_in(PLATE, PLATE) is None


def test_one_of_alike_is_told_by_its_side() -> None:
    assert which_of_alike(LEFT, [LEFT, RIGHT]) == ["left"]
    assert which_of_alike(RIGHT, [LEFT, RIGHT]) == ["right"]
    third = placed("akita_black_bowl_3", 0.01, 0)
    assert which_of_alike(third, [LEFT, third, RIGHT]) == ["middle"]
    close = placed("akita_black_bowl_2", 0, -0.19)
    assert which_of_alike(LEFT, [LEFT, close]) == []


def test_nearest_only_where_it_is_clear() -> None:
    assert nearest([LEFT, RIGHT], PLATE) is RIGHT
    assert nearest([LEFT, RIGHT], placed("plate_1", 0.3, 0)) is None


def test_a_shared_name_needs_a_place() -> None:
    alone, with_place = descriptions(RIGHT, [LEFT, RIGHT, PLATE])
    assert alone == []
    assert {"the right black bowl", "the black bowl nearest to the plate"} <= set(with_place)
    assert "the left black bowl" not in with_place
    assert descriptions(PLATE, [LEFT, RIGHT, PLATE])[0] == ["the plate"]


@pytest.mark.parametrize("seed", range(6))
def test_no_description_fits_two_things(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"{category}_{number}" for category in rng.choice(list(NAMES), 5) for number in (1, 2)]
    things = [placed(name, *rng.uniform(-0.3, 0.3, 2)) for name in dict.fromkeys(names)]
    of_each = [set().union(*descriptions(thing, things)) for thing in things]
    for place, one in enumerate(of_each):
        for other in of_each[place + 1 :]:
            assert not one & other


def test_a_name_of_several_means_all_of_them() -> None:
    wordings = name_wordings([LEFT, RIGHT, PLATE], np.random.default_rng(0))
    for wording in wordings:
        wanted = {LEFT.name, RIGHT.name} if "bowl" in wording.text else {PLATE.name}
        assert set(wording.targets) == wanted


def test_a_task_means_what_is_taken_not_where_it_goes() -> None:
    things = [placed("ketchup_1", 0, 0), BASKET, placed("milk_1", 0, -0.3)]
    wordings = task_wordings(things, np.random.default_rng(1), 50)
    assert len(wordings) > 3
    for wording in wordings:
        (target,) = wording.targets
        own = called(target)
        first = min(place for name in own if (place := wording.text.find(name)) >= 0)
        for other in things:
            if other.name != target:
                assert all(name not in wording.text[:first] for name in called(other.name))


def called(name: str) -> list[str]:
    category = name.rpartition("_")[0]
    return [*names_of(category), *sorts_of(category)]


def test_places_come_with_the_things_they_need() -> None:
    wordings = place_wordings([LEFT, RIGHT, PLATE], np.random.default_rng(0), 10)
    assert {LEFT.name, RIGHT.name} <= {each.targets[0] for each in wordings}


def test_what_is_absent_is_not_there() -> None:
    things = [LEFT, BASKET, placed("wooden_cabinet_1", 0, 0.3)]
    here = {name for each in things for name in names_of(each.category)}
    wordings = absent_wordings(things, np.random.default_rng(0), 100)
    assert len(wordings) == len(NAMES) - 4  # the white cabinet is "the cabinet", too
    for wording in wordings:
        assert wording.targets == ()
        said = wording.text.split(" and ")[0].split(" in ")[0].split(" on ")[0].split(" into ")[0]
        assert not any(said.endswith(name) for name in here), wording.text
