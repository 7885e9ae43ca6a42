# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from llmseg_training.embedded.recolouring import GAINS, recoloured
from llmseg_training.scenes import BACKGROUND_ID

IMAGE = np.random.default_rng(0).integers(20, 160, (12, 30, 3), dtype=np.uint8)
INSTANCES = np.full((12, 30), BACKGROUND_ID, dtype=np.uint8)
INSTANCES[:, :10], INSTANCES[:, 10:20] = 1, 2


def gains(before: np.ndarray, after: np.ndarray) -> list[float] | None:
    """By what the channels of some pixels were multiplied, None if one was not alike in all."""
    found = []
    for channel in after.T.astype(float):
        ratios = [channel / other for other in before.T]
        whole = [r.mean() for r in ratios if np.allclose(r, r.mean(), atol=0.05)]
        if not whole:
            return None
        found.append(whole[0])
    return found


def test_each_thing_changes_as_a_whole_and_apart_from_others() -> None:
    changed = recoloured(IMAGE, INSTANCES, 1.0, np.random.default_rng(1))
    assert changed.dtype == np.uint8
    found = [gains(IMAGE[n == INSTANCES], changed[n == INSTANCES]) for n in (1, 2, BACKGROUND_ID)]
    low, high = GAINS
    for each in found:
        assert each is not None
        assert all(low - 0.05 < gain < high + 0.05 for gain in each)
    assert found[0] != found[1] != found[2]


def test_as_many_things_as_asked_for_change() -> None:
    assert (recoloured(IMAGE, INSTANCES, 0.0, np.random.default_rng(0)) == IMAGE).all()
    rng = np.random.default_rng(2)
    changed = [
        (recoloured(IMAGE, INSTANCES, 0.3, rng) != IMAGE)[number == INSTANCES].any()
        for _ in range(200)
        for number in (1, 2)
    ]
    assert 0.22 < np.mean(changed) < 0.38


def test_the_same_draws_give_the_same_image() -> None:
    one, two = (recoloured(IMAGE, INSTANCES, 0.5, np.random.default_rng(3)) for _ in range(2))
    assert (one == two).all()
