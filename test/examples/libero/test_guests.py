# SPDX-License-Identifier: Apache-2.0
"""Guests in a task's scene: which come, and what its description says then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from examples.libero.guests import choose_guests, movable_categories, with_guests
from examples.libero.tasks import Task

DESCRIPTION = """(define (problem LIBERO_Kitchen_Tabletop_Manipulation)
  (:language put the black bowl on the plate)
    (:regions
      (plate_init_region
          (:target kitchen_table)
          (:ranges ((-0.025 0.225 0.025 0.275)))
          (:yaw_rotation ((0.0 0.0)))
      )
    )
  (:fixtures
    kitchen_table - kitchen_table
    wooden_cabinet_1 - wooden_cabinet
  )
  (:objects
    akita_black_bowl_1 - akita_black_bowl
    plate_1 - plate
  )
  (:obj_of_interest
    plate_1
  )
  (:init
    (On plate_1 kitchen_table_plate_init_region)
  )
)
"""


@pytest.fixture
def task(tmp_path: Path) -> Task:
    file = tmp_path / "KITCHEN_SCENE1_put_the_black_bowl_on_the_plate.bddl"
    file.write_text(DESCRIPTION)
    return Task(file.stem, file, tmp_path / "states")


def test_categories_are_those_of_what_can_be_lifted(task: Task) -> None:
    assert movable_categories([task, task]) == ["akita_black_bowl", "plate"]


def test_no_guest_shares_a_name_with_what_is_there(task: Task) -> None:
    known = ["akita_black_bowl", "butter", "ketchup", "milk", "moka_pot", "plate", "white_bowl"]
    seen = set()
    for seed in range(40):
        guests = choose_guests(task, known, np.random.default_rng(seed))
        assert len(guests) == len(set(guests)) == 3
        assert guests == choose_guests(task, known, np.random.default_rng(seed))
        seen |= set(guests)
    assert seen == {"butter", "ketchup", "milk", "moka_pot"}  # a white bowl is a bowl, too
    assert choose_guests(task, ["plate", "milk"], np.random.default_rng(0)) == ["milk"]


def test_a_table_may_have_another_name_than_its_category(task: Task, tmp_path: Path) -> None:
    renamed = DESCRIPTION.replace("kitchen_table - kitchen_table", "main_table - table")
    task.description.write_text(renamed)
    (tmp_path / "visited").mkdir()
    text = with_guests(task, ["milk"], tmp_path / "visited").description.read_text()
    assert "(On milk_guest1 main_table_milk_guest1_region)" in text


def test_guests_wait_beside_the_table(task: Task, tmp_path: Path) -> None:
    (tmp_path / "visited").mkdir()
    visited = with_guests(task, ["milk", "butter"], tmp_path / "visited")
    assert (visited.name, visited.states) == (task.name, None)
    text = visited.description.read_text()
    assert text.count("(") == text.count(")")
    assert "milk_guest1 - milk\nbutter_guest2 - butter\n" in text
    assert "(On milk_guest1 kitchen_table_milk_guest1_region)" in text
    assert "(butter_guest2_region (:target kitchen_table) (:ranges ((5.0 5.0 5.1 5.1)))" in text
    assert movable_categories([visited]) == ["akita_black_bowl", "butter", "milk", "plate"]


def test_a_description_without_a_table_is_refused(task: Task, tmp_path: Path) -> None:
    fixtures = "kitchen_table - kitchen_table\n    wooden_cabinet_1 - wooden_cabinet\n"
    assert fixtures in DESCRIPTION
    task.description.write_text(DESCRIPTION.replace(fixtures, ""))
    with pytest.raises(ValueError, match=r"\.bddl has no table"):
        with_guests(task, ["milk"], tmp_path)
