# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.folder_data import write_folder_data
from helpers.selection_rules import PRESENCE
from helpers.tiny_lisa import tiny_lisa_parts
from llmseg_core.cli.main import main
from llmseg_core.config import SelectionConfig
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.methods.method import load_method
from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_core.model_dir.lisa_files import save_lisa
from llmseg_training.evaluate.case import Case
from llmseg_training.honesty.curves import fit_calibration
from llmseg_training.honesty.presence_fit import (
    by_presence,
    fit_presence,
    has_enough,
    with_presence,
)


def case(number: int, fits: bool, iou: float, found: bool = True) -> Case:
    """Of 100 pixels of target and answer each."""
    shared = round(200 * iou / (1 + iou)) if fits and found else 0
    union = 100 * fits + 100 * found - shared
    counts = MaskCounts(shared, union, shared, union)
    text = f"question {number}"
    return Case(f"image {number}", 0, text, "phrase", "", fits, found, counts, confidence=0.5)


def values(height: float) -> tuple[float, ...]:
    return (height, 0.1, 0.0, 0.0, 1.0, 1.0, 0.2)


def test_the_weights_of_made_up_questions_are_found() -> None:
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(20000, 7)) * (1, 2, 3, 1, 1, 5, 1)
    true, shift = np.array((2.0, 0.0, 0.5, -1.0, 0.25, 0.1, 1.0)), -0.5
    fits = rng.random(len(seen)) < 1 / (1 + np.exp(-(seen @ true + shift)))
    found = fit_presence(seen, fits)
    assert found.weights == pytest.approx(true, abs=0.1)
    assert found.shift == pytest.approx(shift, abs=0.1)
    assert fit_presence(seen, fits) == found
    seen[:, 1] = 3.0
    assert abs(fit_presence(seen, fits).above_median) < 1e-3


def test_an_unsure_answer_stays_where_something_fits_for_certain() -> None:
    # One of two alike things, so half of the masks are wrong, at the same score as where nothing
    # fits: only the height of all scores tells.
    cases = [case(each, each % 3 != 0, float(each % 2)) for each in range(120)]
    heights = [values(0.6 if each.has_target else 0.2) for each in cases]
    selection, told = with_presence(SelectionConfig(min_confidence=0.4), cases, heights)
    assert selection.presence is not None
    assert selection.presence.best_iou_score > 0
    assert 0 < selection.min_presence < 1
    assert selection.min_confidence == 0
    assert [each.found for each in told] == [each.has_target for each in cases]
    for each in told:
        assert each.presence is not None
        expected = 0.5 if each.found else 1 - each.presence
        assert each.confidence == pytest.approx(expected)
    calibration = fit_calibration(told, "these")
    assert calibration.questions == 120
    assert calibration.of_mask(0.5) == pytest.approx(0.5, abs=0.02)  # of those that are left


def test_a_presence_that_is_there_judges_as_the_model_would() -> None:
    cases = [case(each, True, 1.0) for each in range(4)]
    seen = [values(0.9), values(-0.9), None, values(0.9)]
    selection = SelectionConfig(presence=PRESENCE, min_presence=0.3)
    told = by_presence(selection, cases, seen)
    assert [each.found for each in told] == [True, False, True, True]
    assert told[2] == cases[2]
    assert told[1].presence is not None
    assert told[1].presence < 0.3
    assert told[1].confidence == 1 - told[1].presence
    assert (told[0].presence, told[0].confidence) == (told[3].presence, 0.5)


def test_it_refuses_as_often_as_it_must() -> None:
    # The higher the scores, the likelier something fits, and the better the masks.
    cases = [case(each, each % 10 > 2, 1.0) for each in range(200)]
    heights = [values(each / 200 + 0.5 * cases[each].has_target) for each in range(200)]

    def refused(wanted: float) -> tuple[float, float]:
        selection, told = with_presence(SelectionConfig(), cases, heights, wanted)
        share = np.mean([not each.found for each in told if not each.has_target])
        return selection.min_presence, float(share)

    free, often = refused(0.0), refused(0.95)
    assert free[1] < 0.95 <= often[1]
    assert free[0] < often[0]


def test_where_nothing_was_proposed_nothing_is_told() -> None:
    cases = [case(each, each % 2 == 0, 1.0, found=each < 80) for each in range(100)]
    heights = [values(0.2 + each.has_target) if each.found else None for each in cases]
    _, told = with_presence(SelectionConfig(), cases, heights)
    assert [each.presence is None for each in told] == [not each.found for each in cases]


@pytest.mark.parametrize("nothing", [0, 19, 100])
def test_one_kind_alone_is_refused(nothing: int) -> None:
    cases = [case(each, each >= nothing, 1.0) for each in range(100)]
    assert not has_enough(cases)
    message = f"to {100 - nothing} of 100 questions something fits, to {nothing} nothing: at least"
    with pytest.raises(ValueError, match=message):
        with_presence(SelectionConfig(), cases, [values(0.0)] * 100)


def test_the_command_fits_it_and_keeps_it(
    own_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = own_model
    before = (model / "llmseg.yaml").read_bytes()
    data = write_folder_data(tmp_path / "data", 24, absent=True)
    command = ["calibrate", "--model", str(model), "--data", str(data), "--device", "cpu"]
    assert main([*command, "--presence", "--dry-run"]) == 0
    assert (model / "llmseg.yaml").read_bytes() == before
    assert main([*command, "--presence"]) == 0
    selection = load_method(model).selection
    assert selection.presence is not None
    assert selection.min_confidence == 0
    assert f"min_presence: {selection.min_presence:g}" in capsys.readouterr().out
    assert read_yaml(model / "llmseg.yaml")["calibration"]["questions"] == 72
    # calibrating again keeps it
    assert main(command) == 0
    assert load_method(model).selection == selection
    # and it can be asked for, or not
    image = data / "images" / "picture_0.png"
    asked = ["segment", str(image), "the red thing", "--model", str(model)]
    assert main([*asked, "--min-presence", "1"]) == 0
    found = "'the red thing': nothing found (the chance that anything fits, 0."
    assert found in capsys.readouterr().out
    assert main([*asked, "--min-presence", "0", "--rule", "top_iou"]) == 0


def test_a_method_without_proposals_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_lisa(tiny_lisa_parts(), tmp_path / "lisa")
    data = write_folder_data(tmp_path / "data", 1)
    code = main(["calibrate", "--model", str(tmp_path / "lisa"), "--data", str(data), "--presence"])
    assert code == 2
    assert "--presence: " in capsys.readouterr().err


def test_masks_that_are_worth_nothing_are_not_all_refused() -> None:
    cases = [case(each, each % 2 == 0, 0.0) for each in range(100)]
    selection, told = with_presence(
        SelectionConfig(), cases, [values(0.01 * n) for n in range(100)]
    )
    assert sum(each.found for each in told) >= 40
    assert fit_calibration(told, "these").of_mask(0.5) < 0.1
    assert 0 < selection.min_presence < 1
