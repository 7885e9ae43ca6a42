# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from helpers.folder_data import write_folder_data
from llmseg_core import LLMSegPipeline
from llmseg_core.config import Calibration, ChanceCurve
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE, SeenImages
from llmseg_core.images.image_files import read_image
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.adapter.directory import stored_scores
from llmseg_training.adapter.recipe import AdapterRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import open_data
from llmseg_training.evaluate import PipelineAnswers, evaluate, score_cases
from llmseg_training.evaluate.asking import phrase_question
from llmseg_training.honesty.calibration_file import write_calibration
from llmseg_training.honesty.familiarity import group_of_images
from llmseg_training.honesty.image_statistics import statistics_of_model

OLD = Calibration(ChanceCurve(1, 1, 0.0), ChanceCurve(1, 1, 0.0), "the base's questions", 99)


def night(seed: int) -> np.ndarray:
    """Dark noise."""
    return np.random.default_rng(seed).integers(0, 25, (40, 60, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def base(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated model that knows the night. It may not be changed."""
    model = shutil.copytree(model_folder, tmp_path_factory.mktemp("base") / "model")
    look = statistics_of_model(model)
    images = [night(seed) for seed in range(24)]
    group = group_of_images(look, "night", images, made_up=42)
    SeenImages((group,)).save(model / SEEN_IMAGES_FILE)
    write_calibration(model, OLD, 0.0)
    return model


def recipe(base: Path, train: Path, val: Path) -> AdapterRecipe:
    return AdapterRecipe(
        model=str(base), data=str(train), validation=str(val), steps=1, accumulation=1,
        warmup_steps=0, precision="float32", workers=0, validate_steps=1, save_steps=1,
    )  # fmt: skip


def distance(model: Path, image: np.ndarray) -> float:
    found = LLMSegPipeline.from_pretrained(model).encode_frame(image).unfamiliarity
    assert found is not None
    return found


def test_a_fine_tuned_model_knows_its_images_besides_its_bases(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write_folder_data(tmp_path / "train", 20)
    val = write_folder_data(tmp_path / "val", 12, first=100)
    unseen = read_image(next((val / "images").iterdir()))
    assert distance(base, unseen) > 1
    model = train_adapter(recipe(base, train, val), tmp_path / "work")
    for each in (model, tmp_path / "work" / "last"):
        assert distance(each, unseen) < 1
        assert distance(each, night(99)) < 1
        assert distance(each, np.full((40, 60, 3), 255, dtype=np.uint8)) > 1
    calibration = load_config(model).calibration
    assert calibration is not None
    assert (calibration.data, calibration.questions) == ("val", 24)
    said = capsys.readouterr().out
    assert f"{model} knows images of night, {train}" in said
    assert f"{model}: confidences are chances on val (24 questions)" in said


def test_what_few_images_cannot_tell_is_said(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write_folder_data(tmp_path / "train", 4)
    val = write_folder_data(tmp_path / "val", 2, first=100)
    model = train_adapter(recipe(base, train, val), tmp_path / "work")
    assert distance(model, night(99)) < 1  # the base's images are not forgotten
    assert load_config(model).calibration == OLD
    said = capsys.readouterr().out
    assert "4 images are too few to know what is usual among them, at least 20 are needed" in said
    assert f"{model} knows images of night\n" in said
    assert f"{model}: confidences are still chances on the base's questions, as of {base}" in said


def test_the_best_is_chosen_by_what_it_will_answer(base: Path, tmp_path: Path) -> None:
    """Not by the base's least confidence, of scores that are others now: it would drop them all."""
    strict = shutil.copytree(base, tmp_path / "strict")
    write_calibration(strict, OLD, 1.0)
    train = write_folder_data(tmp_path / "train", 20)
    val = write_folder_data(tmp_path / "val", 10, first=100)
    samples = [json.loads(line) for line in (val / "samples.jsonl").read_text().splitlines()]
    for sample in samples:
        absent = [{"text": text, "kind": "phrase", "mask": []} for text in ("a kettle", "a fork")]
        sample["questions"] += absent
    (val / "samples.jsonl").write_text("\n".join(map(json.dumps, samples)))
    model = train_adapter(recipe(strict, train, val), tmp_path / "work")
    pipeline = LLMSegPipeline.from_pretrained(model)
    assert 0 < pipeline.selection.min_confidence < 1
    stored = stored_scores(model)
    assert stored is not None
    wording = phrase_question(pipeline.config.seg_token)
    found = evaluate(open_data(str(val)), PipelineAnswers(pipeline, wording=wording))
    assert stored["giou"] == pytest.approx(score_cases(found.cases)["giou"])
    assert stored["giou"] > 0.3334
