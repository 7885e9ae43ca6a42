# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from helpers.objects import thing, things
from llmseg_training.questions.made_up import MadeUpObject
from llmseg_training.questions.relations import extreme, neighbour, related

MUG = thing("red mug", 0)


@pytest.mark.parametrize(
    ("relation", "expected"), [("left_of", [1, 2]), ("right_of", [4]), ("behind", [])]
)
def test_a_row(relation: str, expected: list[int]) -> None:
    row = things("red mug", "blue box", "green book", "grey key")
    hits = related(relation, row[2], row)
    assert hits is not None
    assert [item.id for item in hits] == expected


@pytest.mark.parametrize(("z", "relation"), [(1.2, "behind"), (0.8, "in_front_of")])
def test_depth(z: float, relation: str) -> None:
    box = thing("blue box", 1, 0.02, z)
    opposite = "in_front_of" if relation == "behind" else "behind"
    assert related(relation, MUG, [MUG, box]) == [box]
    assert related(opposite, MUG, [MUG, box]) == []
    assert related(opposite, box, [MUG, box]) == [MUG]


@pytest.mark.parametrize(
    ("x", "z", "relation"),
    [
        (-0.02, 1.0, "left_of"),  # overlaps the mug
        (-0.1, 1.4, "left_of"),  # far behind rather than left
        (0.02, 1.0, "right_of"),
        (0.2, 1.13, "behind"),  # as much to the side as behind
        (0.0, 1.02, "behind"),  # hardly behind
    ],
)
def test_arguable_places_are_not_decided(x: float, z: float, relation: str) -> None:
    assert related(relation, MUG, [MUG, thing("blue box", 1, x, z)]) is None


def test_a_thing_whose_foot_is_lower_in_the_image_is_not_clearly_behind() -> None:
    far = thing("blue bottle", 1, 0.0, 1.2)
    x0, y0, x1, _ = far.box
    tall = MadeUpObject(1, "bottle", "blue", (x0, y0, x1, MUG.box[3] + 5), 500, far.position, 0.3)
    assert related("behind", MUG, [MUG, far]) == [far]
    assert related("behind", MUG, [MUG, tall]) is None


def test_the_neighbour_is_close_and_clearly_the_closest() -> None:
    near, far = thing("blue box", 1, 0.11), thing("grey key", 2, 0.4)
    assert neighbour(MUG, [MUG, near, far]) == near
    assert neighbour(MUG, [MUG, far]) is None
    assert neighbour(MUG, [MUG, near, thing("grey key", 2, -0.12)]) is None
    assert neighbour(MUG, [MUG]) is None


@pytest.mark.parametrize(
    ("relation", "expected"), [("leftmost", 1), ("rightmost", 3), ("nearest", 3), ("farthest", 1)]
)
def test_extremes(relation: str, expected: int) -> None:
    diagonal = [
        thing("red mug", 1, -0.3, 1.3),
        thing("blue box", 2, 0.0, 1.0),
        thing("grey key", 3, 0.3, 0.8),
    ]
    found = extreme(relation, diagonal)
    assert found is not None
    assert found.id == expected


@pytest.mark.parametrize("relation", ["leftmost", "rightmost", "nearest", "farthest"])
def test_close_contests_have_no_winner(relation: str) -> None:
    pair = [thing("red mug", 1, 0.0, 1.0), thing("blue box", 2, 0.01, 1.01)]
    assert extreme(relation, pair) is None
    assert extreme(relation, pair[:1]) is None


def test_unknown_extremes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'topmost'.*leftmost"):
        extreme("topmost", things("red mug", "blue box"))
