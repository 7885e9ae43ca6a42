# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmseg_core.config import Calibration, ChanceCurve, SelectionConfig
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.methods.method import load_method
from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate import Case
from llmseg_training.evaluate.reliability import auroc, calibration_error, reliability
from llmseg_training.honesty.calibrate import calibrated_case
from llmseg_training.honesty.calibration_file import write_calibration
from llmseg_training.honesty.curves import cross_calibrated, fit_calibration, fit_curve
from llmseg_training.honesty.minimum import least_chance

TRUE = ChanceCurve(0.6, 1.5, -0.3)


def answers(count: int, seed: int = 0) -> list[Case]:
    """Of images with ten questions each; masks are right as often as `TRUE` says."""
    rng, cases = np.random.default_rng(seed), []
    for number in range(count):
        score = float(rng.uniform(0.02, 0.98))
        has_target = bool(rng.random() < 0.2 + 0.8 * score)
        right = has_target and bool(rng.random() < TRUE(score) / (0.2 + 0.8 * score))
        counts = MaskCounts(8 * right, 10, 8 * right, 10)
        cases.append(
            Case(
                str(number // 10),
                number % 10,
                "the cup",
                "phrase",
                "",
                has_target,
                True,
                counts,
                score,
            )
        )
    return cases


def test_the_error_of_known_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.15, 0.15])
    right = np.array([True, True, True, False, False, False])
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.2 + 2 * 0.15) / 6)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0


def test_how_often_one_is_above_another() -> None:
    assert auroc(np.array([0.1, 0.5]), np.array([0.5, 0.9])) == pytest.approx(0.875)
    assert np.isnan(auroc(np.zeros(0), np.ones(2)))


def test_a_fitted_curve_is_the_true_one() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.01, 0.99, 20_000)
    happened = rng.random(20_000) < [TRUE(score) for score in scores]
    curve = fit_curve(scores, happened)
    for score in (0.1, 0.5, 0.9):
        assert curve(score) == pytest.approx(TRUE(score), abs=0.02)


def test_scores_that_say_nothing_give_the_share() -> None:
    happened = np.arange(300) % 3 > 0
    curve = fit_curve(np.full(300, 0.7), happened)
    assert curve(0.7) == pytest.approx(2 / 3, abs=0.01)


def test_what_always_went_well_is_not_certain() -> None:
    assert fit_curve(np.linspace(0.5, 1, 20), np.ones(20, dtype=bool))(0.9) < 0.99


def test_calibrated_answers_are_right_as_often_as_they_say() -> None:
    cases = answers(4000)
    selection = SelectionConfig(min_confidence=0.4)
    calibration = fit_calibration(cases, "made up")
    least = least_chance(selection, None, calibration)
    assert calibration.of_mask(0.4) == least
    others = [calibrated_case(case, calibration, least) for case in answers(4000, seed=1)]
    assert reliability(others, 50)["ece"] < 0.04 < reliability(cases, 50)["ece"]
    # the same masks are dropped as by the method's own score
    assert [case.found for case in others] == [
        (case.confidence or 0) >= 0.4 for case in answers(4000, 1)
    ]
    low, high = reliability(others, 200)["ece_interval"]
    assert 0 < low < high < 0.08


def test_images_are_left_out_whole() -> None:
    cases = answers(300)
    fitted = {case.sample: calibration for case, calibration in cross_calibrated(cases)}
    assert len(fitted) == 30
    assert len({repr(each) for each in fitted.values()}) == 5


def test_calibrating_again_drops_the_same_answers() -> None:
    old, new = Calibration(TRUE, TRUE), Calibration(ChanceCurve(1, 1, 0), TRUE)
    least = least_chance(SelectionConfig(min_confidence=TRUE(0.3)), old, new)
    assert least == pytest.approx(0.3, abs=1e-6)
    assert least_chance(SelectionConfig(), old, new) == 0


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="19 of 19 questions were answered by a mask"):
        fit_calibration(answers(19), "")
    assert fit_calibration(answers(40), "").questions == 40


def test_a_calibration_is_kept_and_the_rest_of_the_file_stays(
    model_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "llmseg.yaml"
    file.write_text(
        "# ours\nmethod: two_stage\nselection: {min_confidence: 0.4}  # by eye\nlocator: x\n"
    )
    for shift in (0.0, 1.0):  # the second takes the place of the first
        write_calibration(tmp_path, Calibration(ChanceCurve(1, 1, shift), TRUE, "some"), 0.25)
    text = file.read_text()
    assert "# ours" in text
    assert "{min_confidence: 0.25}  # by eye\nlocator: x" in text
    assert text.count("calibration:") == 1
    assert read_yaml(file)["calibration"]["right"]["shift"] == 1.0


def test_a_model_loads_with_its_calibration(model_folder: Path, tmp_path: Path) -> None:
    method = load_method(model_folder)
    assert method.calibration is None
    method.config = replace(method.config, calibration=Calibration(TRUE, TRUE, "some", 7))  # type: ignore[attr-defined]
    method.save_pretrained(tmp_path / "model")  # type: ignore[attr-defined]
    assert load_method(tmp_path / "model").calibration == Calibration(TRUE, TRUE, "some", 7)
