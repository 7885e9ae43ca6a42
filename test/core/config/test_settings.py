# SPDX-License-Identifier: Apache-2.0
# No `from __future__ import annotations`: settings are checked with it and without.
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated, Any, Optional

import pytest

from llmseg_core.config.limits import Above, AtLeast, Below, Between, NotBlank, NotEmpty, OneOf
from llmseg_core.config.settings import Settings


class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Wheel(Settings):
    size: Annotated[float, Above(0), Below(2)] = 1.0
    spokes: Annotated[int, AtLeast(1)] | None = None


@dataclass(frozen=True)
class Car(Settings):
    name: Annotated[str, NotBlank("a name")]
    owner: str
    seats: Annotated[int, Between(1, 9)] = 4
    share: float = 0.5
    open: bool = False
    colour: Colour = Colour.RED
    second: Colour | None = None
    drive: Annotated[str, OneOf("front", "rear")] = "front"
    tags: tuple[str, ...] = ()
    gears: Annotated[tuple[float, ...], NotEmpty("ratios such as [1.0, 2.0]")] = (1.0,)
    wheel: Wheel = field(default_factory=Wheel)
    spare: Optional[Wheel] = None  # noqa: UP045 - as older code writes it
    others: dict[str, Wheel] = field(default_factory=dict)


LEAST: dict[str, Any] = {"name": "n", "owner": ""}
FULL: dict[str, Any] = {
    "name": "n",
    "owner": "",
    "seats": 2,
    "share": 0.25,
    "open": True,
    "colour": "blue",
    "second": "red",
    "drive": "rear",
    "tags": ["a", "b"],
    "gears": [1.5, 3.0],
    "wheel": {"size": 1.5, "spokes": 3},
    "spare": {"size": 0.5, "spokes": None},
    "others": {"left": {"size": 1.25, "spokes": None}},
}


def test_plain_values_become_typed_ones_and_back() -> None:
    car = Car.from_dict(FULL, "car.yaml")
    assert car == Car(
        "n", "", 2, 0.25, True, Colour.BLUE, Colour.RED, "rear", ("a", "b"), (1.5, 3.0),
        Wheel(1.5, 3), Wheel(0.5), {"left": Wheel(1.25)},
    )  # fmt: skip
    assert car.to_dict() == FULL
    assert list(car.to_dict()) == list(FULL)


def test_what_is_not_named_keeps_its_default() -> None:
    assert Car.from_dict(LEAST, "car.yaml") == Car("n", "")


def test_a_whole_number_stands_for_a_float() -> None:
    share = Car("n", "", share=1).share
    assert (share, type(share)) == (1.0, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seats": 0}, r"car\.yaml: seats is 0, it must be in \[1, 9\]"),
        ({"seats": 4.0}, r"seats is 4\.0, it must be a whole number"),
        ({"seats": True}, r"seats is True, it must be a whole number"),
        ({"seats": None}, r"seats is None, it must be a whole number"),
        ({"share": "x"}, r"share is 'x', it must be a number$"),
        ({"share": "1e"}, r"share is '1e', it must be a number"),
        ({"share": float("nan")}, r"share is nan, it must be a finite number"),
        ({"share": float("-inf")}, r"share is -inf, it must be a finite number"),
        ({"share": 10**400}, r"share is 1000.*0\.\.\., it must be a finite number"),
        ({"share": False}, r"share is False, it must be a number"),
        ({"open": 1}, r"open is 1, it must be true or false"),
        ({"name": " "}, r"name is ' ', it must be a name"),
        ({"name": 3}, r"name is 3, it must be a name"),
        ({"owner": 3}, r"owner is 3, it must be a text"),
        ({"colour": "green"}, r"colour is 'green', it must be one of red, blue"),
        ({"colour": ["red"]}, r"colour is \['red'\], it must be one of red, blue"),
        ({"second": 1}, r"second is 1, it must be one of null, red, blue"),
        ({"drive": "top"}, r"drive is 'top', it must be one of front, rear"),
        ({"tags": "ab"}, r"tags is 'ab', it must be a list"),
        ({"tags": ["a", 3]}, r"tags is \['a', 3\], it must be a list, each entry a text"),
        ({"gears": []}, r"gears is \[\], it must be ratios such as \[1\.0, 2\.0\]"),
        ({"gears": [1.0, "x"]}, r"gears is \[1\.0, 'x'\], it must be ratios such as"),
        ({"wheel": None}, r"car\.yaml: wheel is empty, it must be a mapping with keys among size"),
        ({"wheel": 3}, r"car\.yaml: wheel is 3, it must be a mapping with keys among size, spokes"),
        ({"wheel": {"size": 2}}, r"wheel: size is 2, it must be above 0 and below 2"),
        ({"wheel": {"spokes": 0}}, r"wheel: spokes is 0, it must be null or at least 1"),
        ({"wheel": {"spokes": "x"}}, r"spokes is 'x', it must be null or a whole number"),
        ({"wheel": {"sise": 1}}, r"wheel has the unknown key 'sise'; known are size, spokes"),
        ({"spare": {"size": 0}}, r"spare: size is 0, it must be above 0"),
        ({"others": {"left": {"size": 0}}}, r"others: left: size is 0, it must be above 0"),
        ({"others": {"left": 3}}, r"others: left is 3, it must be a mapping with keys among"),
        ({"others": [3]}, r"others is \[3\], it must be a mapping"),
        ({"others": {1: {}}}, r"others is .*, it must be a mapping of texts"),
        ({"nmae": 3}, r"car\.yaml has the unknown key 'nmae'; known are name, owner, seats"),
        ({1: 3}, r"car\.yaml has the unknown key 1; known are name"),
        ({None: 3}, r"car\.yaml has the unknown key None; known are name"),
    ],
)
def test_a_slip_is_named(changes: dict[Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        Car.from_dict({**LEAST, **changes}, "car.yaml")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, r"car\.yaml is empty, it must be a mapping with keys among name, owner, seats"),
        ([], r"car\.yaml is \[\], it must be a mapping"),
        ("x" * 900, r"car\.yaml is 'x{199}\.\.\., it must be a mapping"),
        ({}, r"car\.yaml: the keys 'name' and 'owner' are missing"),
        ({"owner": ""}, r"car\.yaml: the key 'name' is missing"),
    ],
)
def test_what_is_no_mapping_or_not_whole(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Car.from_dict(values, "car.yaml")


def test_values_are_checked_however_settings_are_made() -> None:
    with pytest.raises(ValueError, match="seats is 0"):
        Car("n", "", seats=0)
    with pytest.raises(ValueError, match="seats is 10"):
        replace(Car("n", ""), seats=10)
    with pytest.raises(ValueError, match=r"wheel is \{\}, it must be a Wheel"):
        Car("n", "", wheel={})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Van(Car):
    seats: int = 3
    share: Annotated[float, AtLeast(0.5)] = 0.5


def test_a_subclass_that_changes_a_default_keeps_the_limits() -> None:
    assert Van("n", "").seats == 3
    with pytest.raises(ValueError, match=r"seats is 0, it must be in \[1, 9\]"):
        Van("n", "", seats=0)
    with pytest.raises(ValueError, match=r"share is 0\.25, it must be at least 0\.5"):
        Van("n", "", share=0.25)


@dataclass(frozen=True)
class Odd(Settings):
    value: bytes = b""


def test_a_type_that_cannot_be_checked_is_refused() -> None:
    with pytest.raises(TypeError, match="no settings of the type <class 'bytes'>"):
        Odd()
