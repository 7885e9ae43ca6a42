# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.answers import Asked, DrawnAnswers
from helpers.folder_data import write_folder_data
from llmseg_core.cli.main import main
from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.methods.method import load_method
from llmseg_training.data import DataSample
from llmseg_training.evaluate import SampleAnswers, evaluate
from llmseg_training.honesty.rule_fit import RuleFit, fit_weights

LEFT, THIRD, ALL = (0, 1), (2,), (0, 1, 2)


def test_the_weights_of_made_up_answers_are_found() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((4000, 8)) * (1, 1, 1, 1, 5, 1, 1, 1)
    true, shift = np.array((2.0, 0.0, 1.0, -3.0, 0.2, 0.5, 1.5, -1.0)), -0.5
    ious = 1 / (1 + np.exp(-(values @ true + shift)))
    found = fit_weights(values, ious)
    assert found.weights == pytest.approx(true, abs=0.05)
    assert found.shift == pytest.approx(shift, abs=0.05)
    assert fit_weights(values, ious) == found


def test_a_value_that_never_changes_weighs_nothing() -> None:
    values = np.random.default_rng(0).random((500, 8))
    values[:, 4] = 0
    assert abs(fit_weights(values, values[:, 0]).likely_left_out) < 1e-3


def test_the_fitted_rule_answers_what_the_papers_rules_cannot() -> None:
    # Both parts or one: what is meant shows in the IoP of the whole, which no threshold sees.
    images = [
        [
            Asked(LEFT, (0.85, 0.30 + noise, 0.66), (0.9, 0.1, 0.8)),
            Asked(THIRD, (0.10 + noise, 0.9, 0.34), (0.1, 0.9, 0.4)),
            Asked(ALL, (0.85, 0.80 + noise, 0.95), (0.8, 0.7, 0.9)),
        ]
        for noise in (0.0, 0.02, 0.04)
    ]
    answers = DrawnAnswers(*images)
    fit = RuleFit(answers)
    evaluate(answers, fit)
    weights = fit.weights()
    config = SelectionConfig(SelectionRule.EXPECTED_IOU, expected_iou=weights)
    fitted = DrawnAnswers(*images, config=config)
    assert [case.iou for case in evaluate(fitted, fitted).cases] == [1.0] * 9


def test_nothing_to_fit_is_said() -> None:
    answers = DrawnAnswers([Asked(LEFT, ())], masks=torch.zeros(0, 1, 4, dtype=torch.bool))
    fit = RuleFit(answers)
    evaluate(answers, fit)
    with pytest.raises(ValueError, match="nothing was proposed in any image"):
        fit.weights()

    class Masks:
        def answer(self, sample: DataSample) -> SampleAnswers:
            return SampleAnswers(answers.answer(sample).predictions)

        def finish(self) -> None: ...

    with pytest.raises(ValueError, match="judges unions of proposals, and here are none"):
        evaluate(answers, RuleFit(Masks()))


def test_the_command_fits_and_keeps_the_rule(
    own_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = own_model
    before = (model / "llmseg.yaml").read_bytes()
    data = write_folder_data(tmp_path / "data", 14)
    command = ["calibrate", "--model", str(model), "--data", str(data), "--device", "cpu"]
    assert main([*command, "--rule", "expected_iou", "--dry-run"]) == 0
    assert (model / "llmseg.yaml").read_bytes() == before
    assert main([*command, "--rule", "expected_iou"]) == 0
    selection = load_method(model).selection
    assert selection.rule is SelectionRule.EXPECTED_IOU
    assert selection.expected_iou is not None
    assert read_yaml(model / "llmseg.yaml")["calibration"]["questions"] == 28
    # calibrating again keeps the rule
    assert main(command) == 0
    assert load_method(model).selection.expected_iou == selection.expected_iou
    # and it can be asked for, or not
    image = data / "images" / "picture_0.png"
    asked = ["segment", str(image), "the red thing", "--model", str(model), "--min-confidence", "0"]
    assert main([*asked, "--rule", "iop"]) in (0, 1)
    capsys.readouterr()
    assert main([*asked, "--rule", "expected_iou"]) == 0


def test_a_model_that_was_not_fitted_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model_folder: Path
) -> None:
    image = write_folder_data(tmp_path / "data", 1) / "images" / "picture_0.png"
    code = main(
        ["segment", str(image), "x", "--model", str(model_folder), "--rule", "expected_iou"]
    )
    assert code == 2
    assert "run llmseg calibrate --rule expected_iou, or take one of" in capsys.readouterr().err
