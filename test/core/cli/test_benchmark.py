# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.original_sam import segment_anything
from helpers.tiny_two_stage import save_tiny_two_stage
from llmseg_core.benchmark import models
from llmseg_core.benchmark.choices import MODE_NAMES, PROFILE_NAMES
from llmseg_core.benchmark.inputs import benchmark_frames
from llmseg_core.benchmark.models import PROFILES, BenchmarkModel
from llmseg_core.benchmark.proposals import MODES, matched_iou
from llmseg_core.cli.main import main
from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_files import read_image, write_image
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.reference.proposals import reference_generator
from llmseg_core.types import Proposals

PROPOSALS = ProposalConfig(
    points_per_side=3, pred_iou_thresh=0.0, stability_score_thresh=0.0, box_nms_thresh=1.0
)


@pytest.fixture
def tiny_benchmark(parts: ModelParts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands with the tests' tiny model in the place of the embedded one."""
    tiny = replace(parts, config=replace(parts.config, proposals=PROPOSALS))
    model = BenchmarkModel("random", tiny)
    monkeypatch.setattr(models, "benchmark_model", lambda profile, runtime, frame: model)


def run(tmp_path: Path, *arguments: object) -> dict[str, Any]:
    path = tmp_path / "reports" / "benchmark.json"
    options = ["--image-size", "64x48", "--json", path, *arguments]
    assert main([str(argument) for argument in ("benchmark", *options)]) == 0
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def test_method(model_folder: Path, tmp_path: Path) -> None:
    """Of any model directory; an instruction on a known frame encodes no image."""
    report = run(tmp_path, "method", "--model", model_folder, "--repeats", 2)
    assert (report["benchmark"], report["method"]) == ("method", "llm_seg")
    assert report["new_frame_ms"] > report["new_instruction_ms"] > 0
    save_tiny_two_stage(tmp_path)
    settings = "method: two_stage\nlocator: detector\nscore_threshold: 0.0\n"
    (tmp_path / "llmseg.yaml").write_text(settings)
    report = run(tmp_path, "method", "--model", tmp_path, "--repeats", 2, "--image-size", "96x48")
    assert report["method"] == "two_stage"
    stages = ["locator_image", "segmenter_image", "naming", "locating", "drawing"]
    assert set(stages) < set(report["stages"])
    assert report["image_size"] == [96, 48]
    assert report["peak_memory_mb"] > 50


@pytest.mark.usefixtures("tiny_benchmark")
def test_pipeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    report = run(tmp_path, "pipeline", "--repeats", 3, "--threads", 2)
    assert torch.get_num_threads() == threads
    assert report["threads"] == 2
    assert report["torch"] == torch.__version__
    assert report["device"].startswith("cpu")
    assert report["image_size"] == [64, 48]
    assert report["proposals"] > 0
    assert report["peak_memory_mb"] > 50
    names = ["proposals", "embeddings", "image_prefix", "seg_token", "selection"]
    assert list(report["stages"]) == names
    for timing in (*report["stages"].values(), report["new_frame"], report["new_instruction"]):
        assert 0 <= timing["min_ms"] <= timing["median_ms"] <= timing["max_ms"]
    assert 0 < report["new_instruction"]["min_ms"] < report["new_frame"]["max_ms"]
    ratio = report["new_frame_ms"] / report["new_instruction_ms"]
    assert report["instruction_speedup"] == pytest.approx(ratio, abs=0.06)
    assert report["answers_agree"] is True
    assert report["speedup_new_frame"] > 0
    assert report["reference_peak_memory_mb"] > 50
    for stage in ("proposals", "embeddings", "selection"):
        assert report["stages"][stage]["reference"]["median_ms"] > 0
    assert report["stages"]["image_prefix"]["reference"] is None
    assert report["vlm"]["speedup"] > 0
    bounds = {name: stage["bound_ms"] for name, stage in report["stages"].items()}
    assert report["new_frame"]["bound_ms"] == pytest.approx(sum(bounds.values()), abs=0.01)
    assert all(bound < report["stages"][name]["max_ms"] for name, bound in bounds.items())
    stages = sum(timing["min_ms"] for timing in report["stages"].values())
    assert stages <= report["new_frame"]["max_ms"]
    output = capsys.readouterr().out
    assert "new frame to mask" in output
    assert "random weights" in output


@pytest.mark.usefixtures("tiny_benchmark")
def test_proposals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path, "proposals", "--repeats", 2)
    assert report["reference"] == "segment_anything 1.0"
    assert report["masks_equal"] is True
    assert report["min_matched_iou"] >= 0.999
    assert report["proposals"] > 1
    assert report["speedup_exact"] == pytest.approx(
        report["reference_ms"] / report["ours_ms"], abs=0.01
    )
    assert "the same masks" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_benchmark")
def test_near_modes_report_their_agreement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(tmp_path, "proposals", "--repeats", 1, "--modes", "bf16,low-stability+coarse")
    assert list(report["modes"]) == ["bf16", "low-stability+coarse"]
    near = report["modes"]["bf16"]
    assert 0.5 < near["oracle_iou"] <= 1
    assert near["min_matched_iou"] <= near["mean_matched_iou"] <= 1
    assert abs(near["count_change"]) < report["proposals"]
    assert near["speedup"] > 0
    assert report["masks_equal"] is True  # ours in the exact mode
    assert "bf16: " in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_benchmark")
def test_pipeline_without_reference(tmp_path: Path) -> None:
    report = run(tmp_path, "pipeline", "--repeats", 1, "--no-reference")
    assert "speedup_new_frame" not in report
    assert report["new_frame"]["reference"] is None


@pytest.mark.usefixtures("tiny_benchmark")
def test_large_images_beside_the_former_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ("--image-size", "1280x960")
    report = run(tmp_path, "pipeline", "--repeats", 1, "--no-reference", *size)
    assert report["image_size"] == [1280, 960]
    for name in ("new_frame", "new_instruction"):
        times = report[f"former_{name}"]["median_ms"] / report[f"{name}_ms"]
        assert report[f"times_former_{name}"] == pytest.approx(times, abs=0.006)
    assert report["former_min_answer_iou"] > 0.99
    assert "every mask enlarged to the image first" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_benchmark")
@pytest.mark.parametrize("subject", ["pipeline", "proposals"])
def test_plot(tmp_path: Path, subject: str) -> None:
    path = tmp_path / "plots" / "stages.png"
    run(tmp_path, subject, "--repeats", 1, "--plot", path)
    assert min(read_image(path).shape[:2]) > 200


@pytest.mark.usefixtures("tiny_benchmark")
def test_plot_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["benchmark", "pipeline", "--plot", str(tmp_path / "stages.png")]) == 2
    assert "--plot needs matplotlib: pip install matplotlib" in capsys.readouterr().err


def test_both_references_agree(parts: ModelParts, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = benchmark_frames((64, 48), None, 1)[0]
    original = reference_generator(parts.sam, PROPOSALS)
    assert original.name == f"segment_anything {version(segment_anything.__name__)}"
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    plain = reference_generator(parts.sam, PROPOSALS)
    assert plain.name == "plain transformers"
    ours, theirs = plain.propose(frame), original.propose(frame)
    assert matched_iou(ours, theirs) >= 0.999
    assert torch.equal(ours.boxes_px, theirs.boxes_px)
    torch.testing.assert_close(ours.predicted_iou, theirs.predicted_iou, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.points, theirs.points)


def test_different_masks_are_noticed(parts: ModelParts) -> None:
    frame = benchmark_frames((64, 48), None, 1)[0]
    masks = reference_generator(parts.sam, PROPOSALS).propose(frame)
    assert matched_iou(masks, masks) == 1
    assert matched_iou(masks[torch.arange(len(masks)).flip(0)], masks) < 0.999
    assert matched_iou(masks[:0], masks) == 0
    assert matched_iou(masks[:0], masks[:0]) == 1


def test_frames(tmp_path: Path) -> None:
    frames = benchmark_frames((64, 48), None, 3)
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3
    assert not np.array_equal(frames[0], frames[1])
    assert np.array_equal(frames[2], benchmark_frames((64, 48), None, 3)[2])
    write_image(tmp_path / "one.png", frames[0])
    assert np.array_equal(benchmark_frames((64, 48), tmp_path, 3), frames[:1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repeats", "0"], "repeats is 0, it must be at least 1"),
        (["--threads", "-2"], "threads is -2, it must be at least 1"),
        (["--images", "nowhere"], "nowhere does not exist"),
        (["--device", "cuda:99"], "device is 'cuda:99'"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "pipeline", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_names_that_help_lists_are_those_there_are() -> None:
    assert (*PROFILES,) == PROFILE_NAMES
    assert (*MODES,) == MODE_NAMES


def test_wrong_mode(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["benchmark", "proposals", "--modes", "fp8"])
    assert "'fp8' is no mode, it must be one of exact, bf16, fp16, " in capsys.readouterr().err


def test_wrong_size(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["benchmark", "pipeline", "--image-size", "640"])
    assert "'640' is no size, it must be such as 640x480" in capsys.readouterr().err


def test_masks_of_equal_score_may_stand_in_either_order() -> None:
    masks = torch.zeros(3, 8, 8, dtype=torch.bool)
    masks[0, :3], masks[1, 4:6], masks[2, :, 6:] = True, True, True
    proposals = Proposals.from_masks(masks)
    tied = replace(proposals, predicted_iou=torch.tensor([0.9, 0.8, 0.80001]))
    apart = replace(proposals, predicted_iou=torch.tensor([0.9, 0.85, 0.8]))
    swapped = torch.tensor([0, 2, 1])
    assert matched_iou(tied[swapped], tied) == 1
    assert matched_iou(apart[swapped], apart) == 0
    other = replace(apart, predicted_iou=apart.predicted_iou[swapped])
    assert matched_iou(other, apart) == 0
    assert matched_iou(tied[torch.tensor([0, 1, 1])], tied) < 0.999


@pytest.mark.usefixtures("tiny_benchmark")
@pytest.mark.parametrize("subject", ["pipeline", "proposals"])
def test_the_plain_reference_finds_the_same(tmp_path: Path, subject: str) -> None:
    report = run(tmp_path, subject, "--repeats", 1, "--reference", "plain")
    assert report["reference"].endswith("plain transformers")
    assert report["answers_agree" if subject == "pipeline" else "masks_equal"] is True
