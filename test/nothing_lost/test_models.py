# SPDX-License-Identifier: Apache-2.0
"""Old model directories answer as they did; names that were public are public."""

from __future__ import annotations

from pathlib import Path

import pytest

import llmseg_core
from helpers.old_files import expected
from llmseg_core import LLMSegPipeline, load_method
from llmseg_training.data import open_data

ANSWERS = expected("answers.json")
NAMES = (
    "FrameEncoding", "ImageEncoder", "LLMSegConfig", "LLMSegPipeline", "MaskEmbedder",
    "MaskIoUMetric", "ProposalGenerator", "Proposals", "RuntimeConfig", "SEG_TOKEN", "Segmentation",
    "SelectionConfig", "SelectionRule", "draw_overlay",
)  # fmt: skip


@pytest.mark.parametrize("model", ANSWERS["models"])
def test_a_model_directory_answers_as_it_did(model: str) -> None:
    """One for each kind of image encoder, and one with an adapter."""
    pipeline = LLMSegPipeline.from_pretrained(model)
    for sample in open_data("data/train"):
        frame = pipeline.encode_frame(sample.image)
        answers = pipeline.segment_batch(frame, ANSWERS["instructions"])
        for answer, old in zip(answers, ANSWERS["models"][model][sample.name], strict=True):
            candidates = answer.candidates
            assert candidates is not None
            assert candidates.iou_score.tolist() == pytest.approx(old["iou_score"], abs=2e-4)
            assert candidates.iop.tolist() == pytest.approx(old["iop"], abs=2e-4)
            assert candidates.areas_px.tolist() == pytest.approx(old["areas"], abs=3)
            assert answer.found == old["found"]
            assert answer.confidence == pytest.approx(old["confidence"], abs=2e-4)
            assert list(answer.box_px or ()) == old["box"]
            assert int(answer.mask.sum()) == pytest.approx(old["area"], abs=3)


def test_a_directory_without_a_method_holds_llm_seg() -> None:
    assert "method" not in Path("models/dinov2/llmseg.yaml").read_text()
    assert isinstance(load_method("models/dinov2"), LLMSegPipeline)


def test_what_is_written_today_is_what_was_written_then(tmp_path: Path) -> None:
    """Files and keys of a model directory, so that programs of then read those of now."""
    old, new = Path("models/dinov2"), tmp_path / "model"
    LLMSegPipeline.from_pretrained(old).save_pretrained(new)
    names = [
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        for folder in (old, new)
    ]
    assert names[0] == names[1]
    assert (new / "llmseg.yaml").read_text() == (old / "llmseg.yaml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_public(name: str) -> None:
    assert getattr(llmseg_core, name) is not None
    assert name in llmseg_core.__all__
