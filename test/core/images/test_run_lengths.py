# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

from llmseg_core.images.run_lengths import decode_counts, decode_runs, encode_counts, encode_mask

BOX = np.zeros((48, 64), bool)
BOX[3:20, 5:30] = True
CODE = encode_mask(BOX)
CHARACTERS = np.arange(48, 112, dtype=np.uint8)
"""of COCO's compressed text"""


def random_mask(rng: np.random.Generator, most: int = 40) -> np.ndarray:
    """Noise of any density, in blocks of any size, so that runs are short and long."""
    height, width = (int(side) for side in rng.integers(1, most, 2))
    block = int(rng.integers(1, 8))
    cells = rng.random((-(-height // block), -(-width // block))) < rng.random()
    return np.kron(cells, np.ones((block, block), bool))[:height, :width]


def as_coco(mask: np.ndarray) -> dict[str, Any]:
    return coco.encode(np.asfortranarray(mask, dtype=np.uint8))


def runs_of(mask: np.ndarray) -> list[int]:
    columns = mask.T.ravel()
    starts = [0, *(np.flatnonzero(columns[1:] != columns[:-1]) + 1), len(columns)]
    runs = [int(run) for run in np.diff(starts)]
    return [0, *runs] if columns[0] else runs


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # its own
def test_codes_are_those_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3000):
        mask = random_mask(rng)
        code = as_coco(mask)
        assert encode_mask(mask) == {"size": list(mask.shape), "counts": code["counts"].decode()}
        assert np.array_equal(decode_runs(code, mask.shape), mask)
        assert np.array_equal(decode_runs(code, mask.shape), coco.decode(code))
        assert np.array_equal(decode_counts(runs_of(mask), mask.shape), mask)


@pytest.mark.parametrize("size", [(1, 1), (1, 40_000), (40_000, 1), (3000, 2000)])
def test_long_runs(size: tuple[int, int]) -> None:
    for share in (0.0, 0.0001, 1.0):
        mask = np.random.default_rng(1).random(size) < share
        mask[size[0] // 2 :, size[1] // 2 :] = True
        code = as_coco(mask)
        assert encode_counts(mask) == code["counts"].decode()
        assert np.array_equal(decode_counts(code["counts"], size), mask)


def test_runs_of_no_pixel_are_read() -> None:
    assert np.array_equal(decode_counts([2, 0, 1, 3], (2, 3)), [[0, 0, 1], [0, 1, 1]])
    assert np.array_equal(decode_counts("2013", (2, 3)), decode_counts([2, 0, 1, 3], (2, 3)))


def test_a_mask_may_be_any_view() -> None:
    wide = np.random.default_rng(2).random((30, 40)) < 0.5
    for view in (wide[::2, ::3], wide.T, wide[:, ::-1]):
        code = encode_mask(view)
        assert np.array_equal(decode_runs(code, view.shape), view)


def test_what_is_read_is_the_readers_own() -> None:
    mask = decode_runs(CODE, (48, 64))
    assert mask.dtype == np.bool_
    assert mask.flags.c_contiguous
    mask[:] = True  # nobody else's memory, and not read-only
    assert np.array_equal(decode_runs(CODE, (48, 64)), BOX)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            {"size": [64, 48], "counts": CODE["counts"]},
            r"mask is \[64, 48\], the image is \[48, 64",
        ),
        ({"size": None, "counts": ""}, r"mask is None, the image is \[48, 64"),
        ({"size": 48, "counts": ""}, "mask is 48, the image"),
        ({"size": "48", "counts": ""}, "mask is '48', the image"),
        ({"size": [48, 64, 1], "counts": ""}, r"mask is \[48, 64, 1\], the image"),
        ({"size": [48.0, 64.0], "counts": ""}, r"mask is \[48.0, 64.0\], the image"),
        ({"counts": "c7a0"}, r"keys \['counts'\], it must have size and counts"),
        ([7], r"RLE is \[7\], it must have size and counts"),
    ],
)
def test_wrong_sizes_are_refused(code: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_runs(code, (48, 64))


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (CODE["counts"][:-3], "must cover 3072"),
        (CODE["counts"] + "55", "must cover 3072"),
        ("", "'' is no compressed COCO RLE"),
        ("c7a", "'c7a' is no compressed COCO RLE"),  # the last number does not end
        ("c7/0", "'c7/0' is no compressed COCO RLE"),
        ("c7p0", "'c7p0' is no compressed COCO RLE"),
        (b"c7\xff0", "is no compressed COCO RLE"),
        ("o" * 9 + "1", "'ooooooooo1' holds a number beyond 32 bits"),
        ("oooooo@", "a run of -16106127361 pixels, each must have 0 to 3072"),
        ("oooooo?", "a run of 17179869183 pixels"),
        ("grüße", "'grüße' is no ASCII"),
        ("0" * 30_000, r"'0{56}\.\.\. has 30000 characters, too many"),
        ([10, 20], r"RLE \[10, 20\] covers 30 pixels"),
        ([], "covers 0 pixels"),
        ([-5, 3077], "run of -5 pixels"),
        ([2**62, 2**62, 2**62, 2**62, 3072], "run of 4611686018427387904 pixels"),
        ([2**63, 3072], r"RLE.* \[9223372036854775808, 3072\]"),
        ([2**64, 3072], "list of whole numbers"),
        ([[1], [2, 3]], "list of whole numbers"),
        ([[1, 2], [2, 3]], "list of whole numbers"),
        ([1.5, 3070.5], r"counts are \[1.5, 3070.5\], they must be text or a list of whole num"),
        ([True, False], "list of whole numbers"),
        (["3072"], "list of whole numbers"),
        ([None, 3072], "list of whole numbers"),
        ({"3072": 1}, "list of whole numbers"),
        (None, "counts are None"),
        (3072, "counts are 3072"),
    ],
)
def test_wrong_runs_are_refused(counts: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_counts(counts, (48, 64))


@pytest.mark.parametrize(
    "size", [(0, 5), (-1, 5), (2**20, 2**20), (2**70, 1), (True, 5), (1.0, 5), (5,), None, "ab"]
)
def test_impossible_sizes_are_refused_before_memory_is_taken(size: Any) -> None:
    tracemalloc.start()
    try:
        for counts in ("0", [0], [2**40], np.array([0, 2**40])):
            with pytest.raises(ValueError, match=r"mask's size is .* must be two whole numbers"):
                decode_counts(counts, size)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "mask",
    [np.zeros((4, 5), np.uint8), np.zeros(20, bool), np.zeros((0, 5), bool), np.zeros((1, 4, 5))],
)
def test_what_is_no_mask_is_not_encoded(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"the mask is \w+ of shape \(.*must be bool"):
        encode_mask(mask)


def test_no_text_crashes() -> None:
    """Texts that pycocotools would follow out of its memory, or far into it."""
    rng = np.random.default_rng(3)
    read = 0
    for _ in range(10_000):
        mask = random_mask(rng, 12)
        text = np.frombuffer(as_coco(mask)["counts"], np.uint8)
        kind = rng.integers(4)
        if kind == 0:  # any bytes
            text = rng.integers(0, 256, rng.integers(0, 40), dtype=np.uint8)
        elif kind == 1:  # any characters that COCO uses
            text = rng.choice(CHARACTERS, rng.integers(0, 40))
        elif kind == 2:  # a text with some characters changed
            text = text.copy()
            text[rng.integers(len(text), size=2)] = rng.choice(CHARACTERS, 2)
        else:  # a text cut short or with more behind
            text = np.concatenate((text, rng.choice(CHARACTERS, 3)))[: rng.integers(len(text) + 3)]
        try:
            found = decode_counts(text.tobytes(), mask.shape)
        except ValueError:
            continue
        read += 1
        assert found.shape == mask.shape
        assert found.dtype == np.bool_
        assert np.array_equal(decode_counts(encode_counts(found), mask.shape), found)
    assert read > 100  # the others were refused


def test_no_list_crashes() -> None:
    rng = np.random.default_rng(4)
    things = [0, 1, -1, 12, 2**31, 2**63, -(2**63), 2**64, 10**400, 1.0, "1", None, True, [], {}]
    for _ in range(3000):
        counts = [things[index] for index in rng.integers(len(things), size=rng.integers(6))]
        try:
            assert decode_counts(counts, (3, 4)).shape == (3, 4)
        except ValueError:
            continue
