# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.data_files import box_mask
from helpers.lisa_tree import refer_entry, write_refer
from llmseg_training.data import BrokenSampleError, QuestionKind, encode_mask, open_data

REFS = [
    refer_entry(1, 12, "train", "left mug", "the mug on the left"),
    refer_entry(2, 12, "train", "mug in front"),
    refer_entry(3, 5, "train", "white one", " "),
    refer_entry(4, 6, "val", "blue mug"),
    refer_entry(5, 7, "testA", "first"),
    refer_entry(6, 8, "testB", "second"),
    refer_entry(7, 9, "testAB", "both"),
]


def test_samples(tmp_path: Path) -> None:
    write_refer(tmp_path, "refcoco", "unc", REFS)
    data = open_data(f"refcoco:{tmp_path}:train")
    assert data.name == "refcoco/train"
    first, second = data
    assert (first.name, second.name) == ("5", "12")
    assert [question.text for question in first.questions] == ["white one"]
    texts = [question.text for question in second.questions]
    assert texts == ["left mug", "the mug on the left", "mug in front"]
    for question in second.questions:
        assert (question.kind, question.category) == (QuestionKind.PHRASE, "cup")
        assert np.array_equal(question.mask, box_mask(3, 5, 20, 30))
        assert question.ignore is None


def test_splits(tmp_path: Path) -> None:
    write_refer(tmp_path / "refer_seg", "refcoco", "unc", REFS)
    found = {
        split: [sample.name for sample in open_data(f"refcoco:{tmp_path}:{split}")]
        for split in ("val", "testA", "testB")
    }
    assert found == {"val": ["6"], "testA": ["7", "9"], "testB": ["8", "9"]}


def test_who_divided_the_data(tmp_path: Path) -> None:
    write_refer(tmp_path, "refcocog", "umd", [refer_entry(1, 5, "test", "umd's")])
    (tmp_path / "refcocog/refs(google).p").write_bytes(
        pickle.dumps([refer_entry(1, 5, "val", "other")])
    )
    assert open_data(f"refcocog:{tmp_path}:test")[0].questions[0].text == "umd's"
    assert open_data(f"refcocog:{tmp_path}:google/val")[0].questions[0].text == "other"
    with pytest.raises(ValueError, match="it must be one of train, val, test, google/train"):
        open_data(f"refcocog:{tmp_path}:testA")
    with pytest.raises(ValueError, match="has no split 'val'"):
        open_data(f"refcocog:{tmp_path}:val")


def test_refclef_has_run_lengths_and_images_of_its_own(tmp_path: Path) -> None:
    code = encode_mask(box_mask(3, 5, 20, 30))
    write_refer(
        tmp_path, "refclef", "unc", [refer_entry(1, 5, "testC", "sky")], segmentation=[code]
    )
    (sample,) = open_data(f"refclef:{tmp_path}:testC")
    assert np.array_equal(sample.questions[0].mask, box_mask(3, 5, 20, 30))


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([], "annotation 105: the mask is an empty list"),
        ([[1, 2, 3]], "annotation 105: the polygon"),
        ([{"size": [64, 48], "counts": "P`3"}], r"annotation 105: the mask is \[64, 48\]"),
    ],
)
def test_bad_masks(tmp_path: Path, segmentation: Any, reason: str) -> None:
    write_refer(tmp_path, "refcoco+", "unc", [refer_entry(1, 5, "val", "a")], segmentation)
    with pytest.raises(BrokenSampleError, match=reason):
        open_data(f"refcoco+:{tmp_path}:val")[0]


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    write_refer(tmp_path, "refcoco", "unc", REFS)
    pickled = tmp_path / "refcoco/refs(unc).p"
    pickled.write_bytes(pickle.dumps(OrderedDict(a=1)))
    with pytest.raises(ValueError, match=r"refs\(unc\)\.p.*collections\.OrderedDict"):
        open_data(f"refcoco:{tmp_path}:val")
    pickled.write_bytes(pickle.dumps([{"sentences": []}]))
    with pytest.raises(ValueError, match="cannot be read: KeyError"):
        open_data(f"refcoco:{tmp_path}:val")
    pickled.write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read"):
        open_data(f"refcoco:{tmp_path}:val")


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has none of refcoco, refer_seg/refcoco"):
        open_data(f"refcoco:{tmp_path}:val")
    write_refer(tmp_path, "refcoco", "unc", REFS)
    (tmp_path / "refcoco/refs(unc).p").rename(tmp_path / "refs")
    with pytest.raises(FileNotFoundError, match=r"has none of refs\(unc\)\.p"):
        open_data(f"refcoco:{tmp_path}:val")
    (tmp_path / "refcoco/instances.json").write_text("[]")
    with pytest.raises(ValueError, match=r"instances\.json is not in COCO's format"):
        open_data(f"refcoco:{tmp_path}:val")
