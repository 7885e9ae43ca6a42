# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise

import pytest

from llmseg_training.scenes import SPLITS, scene_seed


def test_first_and_last_seeds_of_the_splits_never_meet() -> None:
    ranges = sorted((scene_seed(split, 0), scene_seed(split, 9_999_999)) for split in SPLITS)
    assert len(ranges) == 3
    for (_, last), (first, _) in pairwise(ranges):
        assert last < first


@pytest.mark.parametrize(("split", "index"), [("dev", 0), ("train", -1), ("val", 10_000_000)])
def test_unknown_splits_and_indices_are_refused(split: str, index: int) -> None:
    with pytest.raises(ValueError, match=split if split == "dev" else str(index)):
        scene_seed(split, index)
