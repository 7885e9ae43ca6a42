# SPDX-License-Identifier: Apache-2.0
"""Another model for the running node, by its parameter `model`, over DDS."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message, pixels
from helpers.small_model import SELECTION, save_small_model
from llmseg_core import LLMSegPipeline
from llmseg_core.config import SelectionRule
from llmseg_core.model_dir import checkpoint
from llmseg_core.model_dir import networks as build
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.node import model_loading

THRESHOLD = 0.4375
"""The tuned model's, exact in binary."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("base") / "model"
    save_small_model(directory)
    return directory


@pytest.fixture(scope="module")
def tuned(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What training on top of `base` leaves: LoRA, a selector, and where the rest is."""
    directory = tmp_path_factory.mktemp("tuned") / "model"
    directory.mkdir()
    selection = replace(SELECTION, rule=SelectionRule.TOP_IOU_OR_IOP, iop_threshold=THRESHOLD)
    config = replace(checkpoint.load_config(base), adapter="adapter", selection=selection)
    parts = {name: str(base / name) for name in ("sam", "dinov2", "llava")}
    values = {**config.to_dict(), **parts, "profile": "tuned"}
    (directory / "llmseg.yaml").write_text(yaml.safe_dump(values))
    lora = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(checkpoint.load_parts(base).llava, lora).save_pretrained(directory / "adapter")
    checkpoint.save_selector(
        build.build_selector(config.selector, seed=7), directory / checkpoint.SELECTOR_FILE
    )
    return directory


@pytest.fixture
def rig(observer: Observer, base: Path) -> SegmentationRig:
    """An active node with `base`."""
    rig = SegmentationRig(observer, model=str(base), top_k=3)
    rig.wait_until_connected()
    return rig


def similarities(result: SegmentationResult) -> list[float]:
    return [proposal.iou_score for proposal in result.proposals]


@lru_cache
def answered_by(model: Path) -> list[float]:
    """What a model says of the image about "mug"."""
    image = np.array(pixels(image_message(1)))
    answer = LLMSegPipeline.from_pretrained(model).segment(image, "mug")
    return answer.candidates.iou_score.tolist()


def wait_for_answer_of(rig: SegmentationRig, model: Path) -> SegmentationResult:
    wanted = answered_by(model)

    def matching() -> list[SegmentationResult]:
        return [r for r in rig.results if np.allclose(similarities(r), wanted, atol=1e-4)]

    rig.observer.wait_until(lambda: bool(matching()))
    return matching()[-1]


def parameter(rig: SegmentationRig, name: str) -> object:
    return rig.node.get_parameter(name).value


def test_lora_and_selector_take_over_between_frames(
    rig: SegmentationRig, base: Path, tuned: Path
) -> None:
    rig.instruct("mug")
    rig.show(image_message(1))
    assert np.allclose(similarities(rig.result(1)), answered_by(base), atol=1e-4)
    before = len(rig.results)

    assert rig.set_parameter("model", str(tuned)).successful
    for stamp in range(2, 30):  # a stream, while the other model is read
        rig.show(image_message(stamp))
        rig.observer.spin_for(0.02)
    wait_for_answer_of(rig, tuned)
    values = rig.wait_for_value("model", str(tuned))

    # The old model answered, then the new one; never a mixture, and nothing failed.
    old, new = answered_by(base), answered_by(tuned)
    by_new = [np.allclose(similarities(r), new, atol=1e-4) for r in rig.results[before:]]
    by_old = [np.allclose(similarities(r), old, atol=1e-4) for r in rig.results[before:]]
    assert all(one != other for one, other in zip(by_old, by_new, strict=True))
    assert by_new == sorted(by_new)
    assert values["failures"] == "0"
    assert values["loading model"] == ""

    # The new model's own selection holds, but for what somebody has set.
    assert parameter(rig, "rule") == "top_iou_or_iop"
    assert parameter(rig, "iop_threshold") == THRESHOLD
    assert parameter(rig, "top_k") == 3

    assert rig.set_parameter("model", str(base)).successful
    rig.results.clear()
    wait_for_answer_of(rig, base)  # of the last image again, without a new one
    assert parameter(rig, "rule") == SELECTION.rule.value


def test_a_directory_that_is_no_model_is_refused_at_once(
    rig: SegmentationRig, base: Path, tmp_path: Path
) -> None:
    refused = rig.set_parameter("model", str(tmp_path / "nowhere"))
    assert not refused.successful
    assert "nowhere does not exist" in refused.reason
    incomplete = Path(shutil.copytree(base, tmp_path / "incomplete"))
    shutil.rmtree(incomplete / "dinov2")
    refused = rig.set_parameter("model", str(incomplete))
    assert not refused.successful
    assert "dinov2 is missing" in refused.reason
    assert parameter(rig, "model") == str(base)
    rig.instruct("mug")
    rig.show(image_message(1))
    assert np.allclose(similarities(rig.result(1)), answered_by(base), atol=1e-4)


def test_weights_that_do_not_fit_leave_the_old_model_in_force(
    rig: SegmentationRig, base: Path, tmp_path: Path
) -> None:
    spoilt = Path(shutil.copytree(base, tmp_path / "spoilt"))
    weights = load_file(spoilt / checkpoint.SELECTOR_FILE)
    del weights["mask_projection.bias"]
    save_file(weights, spoilt / checkpoint.SELECTOR_FILE)
    assert rig.set_parameter("model", str(spoilt)).successful
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot load the model")
    assert "missing mask_projection.bias" in status.message
    assert parameter(rig, "model") == str(base)
    rig.instruct("mug")
    rig.show(image_message(1))
    assert np.allclose(similarities(rig.result(1)), answered_by(base), atol=1e-4)


def test_what_is_being_loaded_is_shown_and_given_up_in_time(
    rig: SegmentationRig, base: Path, tuned: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(tuned, tmp_path / "other"))
    wanted = answered_by(base)
    assert rig.set_parameter("load_timeout_s", 1.5).successful
    with checkpoint.READING:  # as if the disk did not answer
        assert rig.set_parameter("model", str(tuned)).successful
        refused = rig.set_parameter("model", str(other))
        assert not refused.successful
        assert f"the model {tuned} is being loaded" in refused.reason
        assert rig.wait_for_value("loading model", str(tuned))["model"] == str(base)
        rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "took longer than load_timeout_s")
        assert parameter(rig, "model") == str(base)
        rig.instruct("mug")
        rig.show(image_message(1))
        assert np.allclose(similarities(rig.result(1)), wanted, atol=1e-4)


def test_a_model_that_is_taken_back_does_not_take_over(
    rig: SegmentationRig, base: Path, tuned: Path
) -> None:
    wanted = answered_by(base)
    with checkpoint.READING:  # as if the disk did not answer
        assert rig.set_parameter("model", str(tuned)).successful
        rig.wait_for_value("loading model", str(tuned))
        assert rig.set_parameter("model", str(base)).successful
        rig.diagnostics.clear()
        assert rig.wait_for_value("loading model", "")["model"] == str(base)
    rig.observer.spin_for(1.0)  # the files of the other one are read meanwhile
    assert parameter(rig, "model") == str(base)
    rig.instruct("mug")
    rig.show(image_message(1))
    assert np.allclose(similarities(rig.result(1)), wanted, atol=1e-4)


def test_files_that_hang_are_refused_in_time(
    rig: SegmentationRig, tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(model_loading, "INSPECTION_S", 0.2)
    monkeypatch.setattr(model_loading, "inspect_method", lambda _: answers.wait(60.0))
    refused = rig.set_parameter("model", str(tuned))
    assert not refused.successful
    assert f"the files of {tuned} could not be read within 0.2 s" in refused.reason
    answers.set()


def test_an_inactive_node_takes_the_model_too(
    rig: SegmentationRig, base: Path, tuned: Path
) -> None:
    assert rig.change_state("deactivate")
    assert rig.set_parameter("model", str(tuned)).successful
    rig.wait_for_value("model", str(tuned))
    assert rig.change_state("activate")
    rig.wait_until_connected()
    rig.instruct("mug")
    rig.show(image_message(1))
    assert np.allclose(similarities(rig.result(1)), answered_by(tuned), atol=1e-4)

    # Cleaning up throws away what is being loaded; configuring loads what the parameter says.
    assert rig.set_parameter("model", str(base)).successful
    assert rig.change_state("deactivate")
    assert rig.change_state("cleanup")
    assert rig.change_state("configure")
    rig.wait_for_value("model", str(base))
