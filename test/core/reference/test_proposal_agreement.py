# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor

from llmseg_core import Proposals
from llmseg_core.reference.proposal_agreement import agreement


def stripes(*rows: tuple[int, int]) -> Proposals:
    """One mask a pair of first row and row behind the last, 10 x 10 pixels."""
    masks = torch.zeros(len(rows), 10, 10, dtype=torch.bool)
    for mask, (start, stop) in zip(masks, rows, strict=True):
        mask[start:stop] = True
    return Proposals.from_masks(masks)


def test_the_same_in_another_order() -> None:
    found = agreement(stripes((0, 4), (5, 9), (9, 10)), stripes((9, 10), (5, 9), (0, 4)))
    assert found.count_change == 0
    assert found.min_matched_iou == found.mean_matched_iou == 1
    assert found.oracle_iou == found.min_oracle_iou == 1


def test_a_mask_is_matched_once_but_may_serve_the_oracle_twice() -> None:
    found = agreement(stripes((0, 4), (0, 2)), stripes((0, 4), (8, 10)))
    assert found.mean_matched_iou == 0.5  # the second pair shares nothing
    assert found.min_matched_iou == 0
    assert found.oracle_iou == 0.75
    assert found.min_oracle_iou == 0.5


def test_missing_and_additional_masks() -> None:
    fewer = agreement(stripes((0, 4), (5, 9)), stripes((0, 3)))
    assert (fewer.exact_count, fewer.near_count, fewer.count_change) == (2, 1, -1)
    assert fewer.mean_matched_iou == 0.75
    assert fewer.oracle_iou == pytest.approx(0.375)
    more = agreement(stripes((0, 3)), stripes((0, 4), (5, 9)))
    assert more.count_change == 1
    assert more.oracle_iou == 0.75


def test_the_oracle_looks_at_the_largest() -> None:
    exact = stripes(*[(0, 6)] * 50, (8, 9))
    found = agreement(exact, stripes((0, 6)))
    assert found.min_oracle_iou == 1
    assert agreement(exact[49:], stripes((0, 6))).min_oracle_iou == 0


@pytest.mark.parametrize(("exact", "near", "value"), [((), (), 1), (((0, 1),), (), 0)])
def test_nothing(exact: tuple[tuple[int, int]], near: tuple[tuple[int, int]], value: int) -> None:
    found = agreement(stripes(*exact), stripes(*near))
    assert found.mean_matched_iou == found.min_matched_iou == found.oracle_iou == value


def test_nothing_to_find_is_all_found() -> None:
    found = agreement(stripes(), stripes((0, 1)))
    assert found.mean_matched_iou == 0
    assert found.oracle_iou == 1


def test_masks_without_pixels_agree() -> None:
    assert agreement(stripes((0, 0)), stripes((0, 0))).min_matched_iou == 1


def test_record_is_json() -> None:
    record = agreement(stripes((0, 4)), stripes((0, 4), (0, 2))).record()
    assert json.loads(json.dumps(record)) == record
    assert record["count_change"] == 1


def test_masks_of_another_image() -> None:
    other: Tensor = torch.zeros(1, 4, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="of one size"):
        agreement(stripes((0, 1)), Proposals.from_masks(other))
