# SPDX-License-Identifier: Apache-2.0
"""What data as it is found in the world is told, the same by every command that meets it."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.commands import run
from helpers.data_files import SIZE, box_mask, picture, write_picture
from llmseg_training.commands.data import DATA
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.data import BrokenSampleError, encode_mask, open_data
from llmseg_training.proposals.cache import CachedProposals

MASK = encode_mask(box_mask(0, 0, 24, 64))
GOOD = {"text": "the red thing", "mask": MASK}
BROKEN: dict[str, dict[str, Any]] = {
    "long": {"text": "very " * 400 + "long", "mask": MASK},
    "token": {"text": "what is [SEG]?", "mask": MASK},
    "end": {"text": "stop </s> here", "mask": MASK},
    "half a letter": {"text": "a cup \ud83d", "mask": MASK},
    "number": {"text": 7, "mask": MASK},
    "category": {**GOOD, "category": 7},
    "shares": {**GOOD, "mask": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]]},
    "outside": {**GOOD, "mask": [[90, 3, 99, 3, 99, 20]]},
    "jpeg": {**GOOD, "mask": "masks/a.jpg"},
    "elsewhere": {**GOOD, "mask": "../masks/a.png"},
    "runs": {**GOOD, "mask": {"size": [48, 64], "counts": [2**62, 2**62, 2**62, 2**62, 3072]}},
    "size": {**GOOD, "mask": {"size": 48, "counts": MASK["counts"]}},
    "line": {**GOOD, "mask": [[1, 1, 9, 9, 5, 5]]},
}
REASONS = {
    "long": "question and answer for .* tokens, the VLM has room for",
    "token": r"must not contain \[SEG\]",
    "end": "must not contain </s>",
    "half a letter": "must be text that UTF-8 can write",
    "number": "'text' is 7, it must be a text",
    "category": "the question's category is 7",
    "shares": r"lie within \[0, 1\], they must be in pixels",
    "outside": "lie outside the image",
    "jpeg": "is a JPEG, which changes labels",
    "elsewhere": "must lie in .*by a relative path",
    "runs": "a run of",
    "size": "the mask is 48",
    "line": "none of its questions can be asked: 'the red thing'",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good samples among one of each fault."""
    root = tmp_path_factory.mktemp("world") / "data"
    lines = [{"name": "good", "image": "images/good.png", "questions": [GOOD]}]
    for name, question in BROKEN.items():
        lines.append({"name": name, "image": "images/good.png", "questions": [question]})
    lines.append({"name": "cut \ud800", "image": "images/good.png", "questions": [GOOD]})
    lines.append({"name": "pipe", "image": "/dev/zero", "questions": [GOOD]})
    degenerate = [[5, 3, 30, 3, 30, 20, 5, 20], [1, 1, 2, 2]]
    whole = [{**GOOD, "mask": degenerate}, {**GOOD, "mask": []}, {**GOOD, "mask": [[1, 1, 2, 2]]}]
    lines.append({"name": "杯" * 90, "image": "images/phone.jpg", "questions": whole})
    write_picture(root / "images/good.png")
    (root / "masks").mkdir()
    Image.fromarray(box_mask(0, 0, 9, 9).astype(np.uint8) * 255).save(root / "masks/a.jpg")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x011A, 10, 1, 26)
    exif += struct.pack("<I", 0) + struct.pack("<ii", -1, 0)
    Image.fromarray(picture(3)).save(root / "images/phone.jpg", exif=exif)
    text = "\n".join(json.dumps(line) for line in lines)
    (root / "samples.jsonl").write_text(f"{text}\n" + "[" * 100_000, encoding="utf-8")
    return root


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_named(name: str, folder: Path) -> None:
    data = open_data(folder)
    if name == "long":
        return  # only a VLM can tell
    with pytest.raises(BrokenSampleError, match=REASONS[name]):
        data[[data.sample_name(index) for index in range(len(data))].index(name)]


def test_check_finds_and_groups_all_of_it(
    folder: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(DATA, "check", folder, "--model", model_folder) == 1
    said = capsys.readouterr().out
    assert "data: 2 images, 3 questions" in said
    assert f"{len(BROKEN) + 3} of {len(BROKEN) + 5} samples are broken" in said
    assert "2 x the instruction ... must not contain" in said
    assert "data: 1 questions of 1 samples are left out" in said
    assert "the polygons [[1.0, 1.0, 2.0, 2.0]] have no area" in said
    assert "nested too deeply" in said
    assert run(DATA, "check", folder, "--samples", 1) == 0
    assert "data: 0 of 1 samples are broken" in capsys.readouterr().out


def test_every_command_leaves_out_the_same(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    skip = ("--broken", "skip")
    proposals, export, out = (tmp_path / name for name in ("proposals", "export", "out"))
    assert run(DATA, "export", folder, export, "--model", model_folder, *skip) == 1
    assert [sample.name for sample in open_data(export)] == ["good", "杯" * 90]
    assert run(PROPOSALS, folder, "--model", model_folder, "--out", proposals, *skip) == 0
    stored = CachedProposals(proposals)
    assert len(stored) == 3  # with the one whose question is too long: no VLM is asked here
    assert "杯" * 90 in stored
    same = ("--model", model_folder, "--data", folder, "--out", out, "--resamples", 9, *skip)
    assert run(EVALUATE, *same, "--write-predictions", tmp_path / "masks") == 0
    report = json.loads((out / "report.json").read_text())
    assert (report["images"], len(report["broken"])) == (2, len(BROKEN) + 3)
    masks = [*same, "--predictions", tmp_path / "masks", "--out", tmp_path / "again"]
    capsys.readouterr()
    with pytest.raises(ValueError, match=r"1 are missing \(long question 0\)"):
        run(EVALUATE, *masks)
    assert run(EVALUATE, *masks, "--missing", "empty") == 0


def test_a_report_groups_what_differs_in_names_and_numbers_only() -> None:
    errors = [
        BrokenSampleError("d", name, f"/a b/{name}.png is {size}, the image is {size} (H, W)")
        for name, size in (("left cup", [3, 4]), ("x", [5, 6]))
    ]
    assert len({error.fault for error in errors}) == 1
    assert pickle.loads(pickle.dumps(errors[0])).reason == errors[0].reason


def test_a_wording_may_be_one_text_and_files_of_macos_are_none(tmp_path: Path) -> None:
    for name, suffix in (("a", ".PNG"), ("._a", ".jpg")):
        write_picture(tmp_path / f"val/{name}{suffix}")
        shapes = [{"label": "target", "points": [[2, 2], [20, 2], [20, 20]]}]
        plain = {"text": "what cuts?", "is_sentence": True, "shapes": shapes}
        (tmp_path / f"val/{name}.json").write_text(json.dumps(plain))
    (sample,) = open_data(f"reason_seg:{tmp_path}:val")
    assert sample.name == "a"
    assert [each.text for each in sample.questions] == ["what cuts?"]
    assert sample.image.shape == (*SIZE, 3)
