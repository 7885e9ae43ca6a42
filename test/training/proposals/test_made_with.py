# SPDX-License-Identifier: Apache-2.0
"""Proposals know who proposed them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from llmseg_core import Proposals
from llmseg_core.config import ProposalConfig
from llmseg_training.proposals.cache import CachedProposals
from llmseg_training.proposals.made_with import SamInUse, sam_of
from llmseg_training.proposals.write import write_proposals

CONFIG = ProposalConfig(points_per_side=3)
SAM = SamInUse("0123456789abcdef", "float32")
OTHER = replace(SAM, weights="fedcba9876543210")
HALF = replace(SAM, dtype="float16")


class Pictures:
    """Three images of one colour each."""

    name = "pictures"

    def __len__(self) -> int:
        return 3

    def sample_name(self, index: int) -> str:
        return str(index)

    def image(self, index: int) -> np.ndarray:
        return np.full((4, 6, 3), index, dtype=np.uint8)


def everything(image: np.ndarray) -> Proposals:
    return Proposals.from_masks(torch.ones(1, *image.shape[:2], dtype=torch.bool))


def write(folder: Path, indices: list[int], sam: SamInUse | None = SAM) -> int:
    return write_proposals(
        everything, Pictures(), folder, indices, CONFIG, show_progress=False, sam=sam
    )


def test_sam_and_settings_are_noted(tmp_path: Path) -> None:
    write(tmp_path, [0])
    noted = yaml.safe_load((tmp_path / "proposals.yaml").read_text())
    assert (noted["sam_weights"], noted["sam_dtype"]) == ("0123456789abcdef", "float32")
    assert (noted["data"], noted["points_per_side"]) == ("pictures", 3)
    assert "points_per_batch" not in noted


@pytest.mark.parametrize(
    ("sam", "words"),
    [
        (OTHER, "made with sam_weights 0123456789abcdef, not fedcba9876543210: use another folder"),
        (HALF, "made with sam_dtype float32, not float16: use another folder"),
        (replace(OTHER, dtype="float16"), "sam_weights 0.*, not f.*, sam_dtype float32, not float"),
    ],
)
def test_proposals_of_another_sam_are_refused(tmp_path: Path, sam: SamInUse, words: str) -> None:
    write(tmp_path, [0])
    with pytest.raises(ValueError, match=words):
        write(tmp_path, [1], sam)
    with pytest.raises(ValueError, match=words):
        CachedProposals(tmp_path, CONFIG, sam)
    with pytest.raises(ValueError, match=words):
        CachedProposals(tmp_path, None, sam)
    assert len(CachedProposals(tmp_path, CONFIG, SAM)) == 1
    assert len(CachedProposals(tmp_path, CONFIG, replace(SAM, dtype=None))) == 1  # any format
    assert len(CachedProposals(tmp_path)) == 1  # asks for nothing


@pytest.mark.parametrize("noted", ["settings alone", "nothing"])
def test_what_nobody_noted_is_taken_and_told_in_one_line(
    tmp_path: Path, noted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_proposals(everything, Pictures(), tmp_path, [0], CONFIG, show_progress=False)
    file = tmp_path / "proposals.yaml"
    if noted == "nothing":
        file.unlink()
    before = file.read_text() if file.exists() else None
    assert capsys.readouterr().err == ""
    assert len(CachedProposals(tmp_path, CONFIG, SAM)) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {tmp_path} does not say with which ")
    assert "sam_weights, sam_dtype its proposals were made" in said
    assert said.count("\n") == 1
    assert write(tmp_path, [0, 1]) == 1  # is completed, and still says nothing of the first
    assert (file.read_text() if file.exists() else None) == before
    assert capsys.readouterr().err.startswith("warning: ")
    if noted == "settings alone":
        with pytest.raises(ValueError, match="points_per_side 3, not 4"):
            CachedProposals(tmp_path, replace(CONFIG, points_per_side=4), SAM)


def test_an_empty_folder_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(CachedProposals(tmp_path, CONFIG, SAM)) == 0
    assert capsys.readouterr().err == ""


def test_a_cache_that_is_only_read_may_be_read_only(tmp_path: Path) -> None:
    write(tmp_path, [0, 1])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write(tmp_path, [0, 1]) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_damaged_proposals_are_named(tmp_path: Path) -> None:
    write(tmp_path, [0])
    (file,) = tmp_path.glob("*.json")
    for text in ("[", "{}", '{"size": [4, 6], "rle": ["o"]}', '{"size": 4, "rle": ["0"]}', "7"):
        file.write_text(text)
        with pytest.raises(ValueError, match=rf"{file.name} holds no proposals: .*; remove it"):
            CachedProposals(tmp_path)["0"]


def test_sam_of_a_model(model_folder: Path) -> None:
    sam = sam_of(model_folder, torch.bfloat16)
    assert sam.dtype == "bfloat16"
    assert sam == replace(sam_of(model_folder), dtype="bfloat16")
    assert sam.weights != sam_of("embedded").weights


BEGIN = """
import sys
from pathlib import Path
from llmseg_training.proposals.made_with import SamInUse, keep_made_with
sys.stdin.readline()
try:
    keep_made_with(Path(sys.argv[1]), "pictures", None, SamInUse(sys.argv[2], "float32"))
except ValueError as error:
    print(error)
"""


def test_of_two_that_begin_at_once_one_is_refused(tmp_path: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(tmp_path / "new"), name],
            text=True,
            **pipes,  # type: ignore[call-overload]
        )
        for name in ("first", "second")
    ]
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=120)[0] for process in both)
    assert said[0] == ""
    assert "made with sam_weights" in said[1]
