# SPDX-License-Identifier: Apache-2.0
"""What of a data set's masks is one thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.folder_data import write_folder_data
from llmseg_training.data import open_data
from llmseg_training.embedded.data_masks import DataInstances, instances_of


def mask(*columns: int) -> np.ndarray:
    """(4, 8) bool, true in these columns."""
    made = np.zeros((4, 8), dtype=bool)
    made[:, list(columns)] = True
    return made


def test_each_thing_has_a_number_of_its_own() -> None:
    instances = instances_of([mask(0, 1), mask(4, 5, 6), mask(0, 1), mask()])
    assert instances[0].tolist() == [2, 2, 0, 0, 1, 1, 1, 0]


def test_a_mask_of_several_is_none_of_them() -> None:
    both = instances_of([mask(0, 1, 4, 5), mask(0, 1), mask(4, 5)])
    assert both[0].tolist() == [1, 1, 0, 0, 2, 2, 0, 0]


def test_what_lies_in_front_of_a_larger_thing_is_kept() -> None:
    assert instances_of([mask(0, 1, 2, 3), mask(1)])[0].tolist() == [1, 2, 1, 1, 0, 0, 0, 0]


def test_images_without_a_mask_are_left_out(tmp_path: Path) -> None:
    folder = write_folder_data(tmp_path, 2)
    index = folder / "samples.jsonl"
    lines = index.read_text().splitlines()
    absent = '{"image": "images/picture_0.png", "questions": [{"text": "a cup", "mask": []}]}'
    index.write_text(f"{absent}\n{lines[1]}\n")
    images = DataInstances(open_data(folder))
    assert len(images) == 1
    assert set(np.unique(images[0].instances)) == {0, 1, 2}
    index.write_text(absent)
    with pytest.raises(ValueError, match="no question with a mask"):
        DataInstances(open_data(folder))
