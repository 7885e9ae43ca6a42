# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from helpers.objects import thing, things
from llmseg_training.questions.knowledge import FUNCTIONS, PROPERTIES
from llmseg_training.questions.scene_view import SceneView

FOOD = ("yellow banana", "red apple", "orange orange", "orange carrot")
TOOLS = ("red hammer", "blue screwdriver", "grey wrench")
DISHES = ("red mug", "white plate", "blue bowl", "grey spoon", "grey fork", "grey knife")
DESK = ("blue pencil", "red book", "grey scissors", "white tape")


@pytest.mark.parametrize(
    ("names", "concept", "expected"),
    [
        (DESK, "cut_paper", [3]),
        (("grey scissors", "grey knife"), "cut_paper", None),  # a knife cuts paper, too
        (("grey scissors", "grey knife"), "cut_anything", [1, 2]),
        (("grey scissors", "grey knife"), "open_parcel", [1, 2]),
        (("red mug", "green bottle"), "drink", [1, 2]),
        (("red mug", "green can"), "drink", None),  # what is in the can?
        (("red mug", "white plate"), "hot_drink", [1]),
        (FOOD, "eat", [1, 2, 3, 4]),
        (FOOD, "fruit_salad", None),
        (FOOD[:3], "fruit_salad", [1, 2, 3]),
        (FOOD, "vegetable_stew", [4]),
        (("orange orange", "yellow banana"), "squeeze_juice", [1]),
        (("grey spoon", "white plate"), "eat_soup", [1]),
        (("grey spoon", "grey fork"), "stir", None),
        (DISHES, "set_table", [1, 2, 3, 4, 5, 6]),
        (TOOLS, "turn_screw", [2]),
        (TOOLS, "turn_bolt", [3]),
        (TOOLS, "repair", [1, 2, 3]),
        (TOOLS, "drive_nail", None),
        (TOOLS[:2], "drive_nail", [1]),
        (("red candle", "blue flashlight"), "give_light", [1, 2]),
        (("red candle", "blue flashlight"), "see_in_dark", None),
        (("blue flashlight", "red book"), "see_in_dark", [1]),
        (("grey key", "blue ball"), "unlock", [1]),
        (("white die", "blue ball"), "play", [1, 2]),
        (("white die", "blue ball"), "board_game", [1]),
        (DESK, "brush_teeth", []),
        (DESK, "stick", [4]),
    ],
)
def test_functions(names: tuple[str, ...], concept: str, expected: list[int] | None) -> None:
    hits = SceneView(things(*names)).answer(FUNCTIONS[concept])
    assert (None if hits is None else [item.id for item in hits]) == expected


@pytest.mark.parametrize(
    ("names", "concept", "expected"),
    [
        (("grey key", "green can", "red wrench", "red apple"), "metal", [1, 2, 3]),
        (("grey key", "grey spoon"), "metal", None),  # the spoon may be of plastic
        (DISHES, "porcelain", [1, 2, 3]),
        (DISHES, "breakable", [1, 2, 3]),
        (DISHES, "cutlery", [4, 5, 6]),
        (DISHES, "container", None),
        (("red mug", "brown box", "red apple"), "container", [1, 2]),
        (("blue ball", "red apple", "white die"), "round", [1, 2]),
        (("brown box", "white die"), "cube", [1, 2]),
        (FOOD, "fruit", [1, 2, 3]),
        (FOOD, "vegetable", [4]),
        (TOOLS, "tool", [1, 2, 3]),
        (("red hammer", "white tape"), "tool", None),
        (("white die", "blue ball", "red book"), "toy", [1, 2]),
        (("black phone", "blue flashlight"), "device", [1, 2]),
        (("red toothbrush", "red apple"), "bristles", [1]),
        (TOOLS, "pages", []),
    ],
)
def test_properties(names: tuple[str, ...], concept: str, expected: list[int] | None) -> None:
    hits = SceneView(things(*names)).answer(PROPERTIES[concept])
    assert (None if hits is None else [item.id for item in hits]) == expected


def test_hardly_visible_objects_forbid_questions_about_them() -> None:
    faint = thing("grey scissors", 9, 0.3, visible_pixels=12)
    view = SceneView([*things("red mug", "green book"), faint])
    assert view.answer(FUNCTIONS["cut_paper"]) is None
    assert view.find(colour="grey") is None
    assert view.find(categories={"scissors"}) is None
    assert [item.id for item in view.find(colour="red") or ()] == [1]
    assert faint not in view.clear


def test_objects_without_visible_pixels_are_not_there() -> None:
    hidden = thing("grey scissors", 9, 0.3, visible_pixels=0)
    view = SceneView([*things("red mug", "green book"), hidden])
    assert view.answer(FUNCTIONS["cut_paper"]) == []


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (things("red unicorn"), "unicorn"),
        (things("beige mug"), "beige"),
        ([thing("red mug", 1), thing("red box", 1)], r"unique.*\[1, 1\]"),
    ],
)
def test_bad_objects_are_refused(objects: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SceneView(objects)
