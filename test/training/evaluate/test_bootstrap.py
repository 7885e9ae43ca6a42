# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate import Case, bootstrap_intervals, score_cases


def case(sample: object, both: int, either: int, scale: int = 1) -> Case:
    counts = MaskCounts(both, either, scale * both, scale * either)
    return Case(str(sample), 0, "the cup", "phrase", "", True, both > 0, counts)


def hits(count: int, share: float, seed: int = 0) -> list[Case]:
    """Images of one question each, IoU 1 or 0."""
    rng = np.random.default_rng(seed)
    return [case(index, int(rng.random() < share) * 10, 10) for index in range(count)]


def test_the_interval_is_the_known_one_of_a_share() -> None:
    cases = hits(400, 0.3)
    share = score_cases(cases)["giou"]
    low, high = bootstrap_intervals(cases, 4000)["giou"]
    spread = 1.96 * math.sqrt(share * (1 - share) / len(cases))
    assert low == pytest.approx(share - spread, abs=0.006)
    assert high == pytest.approx(share + spread, abs=0.006)


def test_each_score_has_its_own() -> None:
    rng = np.random.default_rng(1)
    cases = [
        case(index, int(rng.integers(0, 10)), 10, scale=1 + index % 3) for index in range(40)
    ] + [case("large", 10_000, 10_000)]
    scores, intervals = score_cases(cases), bootstrap_intervals(cases)
    for name in ("giou", "ciou", "nciou"):
        low, high = intervals[name]
        assert low < scores[name] < high
    # one large image decides cIoU, and most of its interval is whether that image is drawn
    assert intervals["ciou"][1] - intervals["ciou"][0] > 2 * (
        intervals["giou"][1] - intervals["giou"][0]
    )


def test_questions_about_one_image_go_together() -> None:
    alone = hits(60, 0.5)
    together = [case(index, each.counts.intersection, 10) for index, each in enumerate(alone)
                for _ in range(5)]  # fmt: skip
    assert bootstrap_intervals(together)["giou"] == pytest.approx(
        bootstrap_intervals(alone)["giou"]
    )


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(2)
    cases = [case(index, int(rng.integers(0, 1000)), 1000) for index in range(30)]
    assert bootstrap_intervals(cases, 300) == bootstrap_intervals(cases, 300)
    assert bootstrap_intervals(cases, 300) != bootstrap_intervals(cases, 300, seed=1)
    wide, narrow = (bootstrap_intervals(cases, 300, level=level)["giou"] for level in (0.95, 0.5))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_one_image_says_nothing_about_others() -> None:
    assert all(math.isnan(end) for ends in bootstrap_intervals(hits(1, 1)).values() for end in ends)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="resamples is 0"):
        bootstrap_intervals(hits(3, 0.5), 0)
    with pytest.raises(ValueError, match="level is 95"):
        bootstrap_intervals(hits(3, 0.5), level=95)
