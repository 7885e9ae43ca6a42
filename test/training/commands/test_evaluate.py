# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.commands import run_in_two_processes
from helpers.small_data import write_small_data
from helpers.tiny_lisa import save_tiny_lisa
from llmseg_core import LLMSegPipeline
from llmseg_core.cli.main import run_command
from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_core.images.image_files import read_image
from llmseg_core.methods import method
from llmseg_core.model_dir.checkpoint import load_sam
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.weights_digest import network_digest
from llmseg_core.types import Candidates, Proposals, Segmentation, Selection
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.data.folder import FolderData
from llmseg_training.evaluate import method_options
from llmseg_training.proposals.write import write_proposals
from llmseg_training.questions import KINDS
from llmseg_training.scenes import SceneFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of three images; it may not be changed."""
    folder = tmp_path_factory.mktemp("data") / "small"
    write_small_data(folder)
    return folder


def run(*arguments: object) -> int:
    """Run `llmseg evaluate`."""
    return run_command("evaluate", EVALUATE, [str(argument) for argument in arguments])


def evaluated(*arguments: object) -> dict[str, Any]:
    """Run `llmseg evaluate`, which must succeed, and read its report."""
    assert run(*arguments) == 0
    out = Path(str(arguments[arguments.index("--out") + 1]))
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def test_report_tables_and_sweep(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    report = evaluated(
        "--model", model_folder, "--data", folder, "--out", out, "--name", "tiny one", "--sweep",
        "--rule", "top_iou", "--beside", "paper-table-1", "--resamples", 50,
    )  # fmt: skip
    assert (report["name"], report["data"], report["images"]) == ("tiny one", "small", 3)
    assert report["scores"]["count"] == 7
    assert report["scores"]["no_target_accuracy"] == 0  # the rule always takes one
    assert set(report["breakdowns"]["kind"]) == {"category", "instruction", "phrase"}
    assert report["breakdowns"]["target"]["no target"]["target_recall"] is None
    for name, (low, high) in report["intervals"].items():
        assert 0 <= low <= high <= 1, name
    assert len(report["sweep"]) == 4 + 4 * 19
    top = report["sweep"][0]
    assert (top["rule"], top["giou"]) == ("top_iou", pytest.approx(report["scores"]["giou"]))
    assert sorted(path.name for path in out.iterdir()) == [
        ".scores.jsonl.lock", "report.json", "scores.jsonl", "sweep.png"
    ]  # fmt: skip
    assert read_image(out / "sweep.png").shape[1] > 1000
    printed = capsys.readouterr().out
    assert "tiny one (here)" in printed
    assert "Paper, Table 1" in printed
    assert "Paper, Table 3" in printed
    assert f"{report['scores']['giou']:.3f}" in printed


def test_another_rule_needs_no_network(
    model_folder: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    same = ("--model", model_folder, "--data", folder, "--out", out, "--resamples", 20)
    first = evaluated(*same, "--rule", "top_iou")
    stored = (out / "scores.jsonl").read_bytes()
    monkeypatch.setattr(method_options, "load_method", lambda *_: pytest.fail("it was loaded"))
    second = evaluated(*same, "--rule", "iop", "--threshold", "0.2")
    assert (out / "scores.jsonl").read_bytes() == stored
    assert second["scores"]["giou"] != first["scores"]["giou"]
    table = tmp_path / "again.json"
    assert run(*same, "--rule", "top_iou", "--json", table) == 0
    assert json.loads(table.read_text()) == first
    capsys.readouterr()
    also = ("--beside", "paper-table-5", "--also", table)
    assert run(*same, *also) == 0
    assert capsys.readouterr().out.count("(here)") == 2


def test_stored_proposals_give_the_same(model_folder: Path, folder: Path, tmp_path: Path) -> None:
    pipeline = LLMSegPipeline.from_pretrained(model_folder)
    cache = tmp_path / "cache"
    write_proposals(pipeline.generator, FolderData(folder), cache, config=pipeline.config.proposals)
    same = ("--model", model_folder, "--data", folder, "--resamples", 20)
    live = evaluated(*same, "--out", tmp_path / "live")
    assert evaluated(*same, "--out", tmp_path / "stored", "--proposals", cache) == live


def test_rendered_scenes_in_both_phrasings(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = f"scenes:{tmp_path / 'scenes'}:test/both"
    same = ("--model", model_folder, "--data", scenes, "--resamples", 20, "--out", tmp_path / "out")
    report = evaluated(*same, "--samples", 2, "--questions", 4, "--seed", 5)
    printed = capsys.readouterr().out
    assert len(SceneFolder(tmp_path / "scenes" / "test")) == 2
    assert (report["scenes"], report["questions_per_scene"], report["seed"]) == (2, 4, 5)
    rows = report["rows"]
    assert rows["unseen: all"]["count"] == rows["seen: all"]["count"] == 8
    assert {name: report[name] for name in rows["unseen: all"]} == rows["unseen: all"]
    assert report["seen_phrasings"] == rows["seen: all"]
    assert report["scores"]["count"] == 16
    for phrasing in ("unseen", "seen"):
        count = {name.partition(": ")[2]: row["count"] for name, row in rows.items()
                 if name.startswith(f"{phrasing}: ")}  # fmt: skip
        assert count["with a target"] + count.get("no target", 0) == 8
        assert sum(count.get(kind, 0) for kind in KINDS) == 8
    assert "2 images, at most 4 questions a scene and phrasing, seed 5" in printed
    assert f"best proposal of each object: mean IoU {report['proposal_miou']:.3f}" in printed
    assert all(name in printed for name in rows)
    assert "length: " not in printed
    assert _proposal_miou(model_folder, tmp_path / "scenes") == pytest.approx(
        report["proposal_miou"]
    )
    # other questions are asked only anew
    assert run(*same, "--seed", 6) == 2
    assert "answers other questions about 000000" in capsys.readouterr().err
    other = evaluated(*same, "--seed", 6, "--fresh")
    assert other["questions_per_scene"] == 6
    assert other["rows"]["unseen: all"]["count"] == 12


def _proposal_miou(model: Path, scenes: Path) -> float:
    """Over all objects of all test scenes, by the definition of IoU."""
    pipeline, best = LLMSegPipeline.from_pretrained(model), []
    for scene in SceneFolder(scenes / "test"):  # type: ignore[attr-defined]
        proposals = pipeline.encode_frame(scene.image).proposals.masks.numpy()
        for item in scene.objects:
            mask = scene.mask(item.id)
            best.append(max((each & mask).sum() / (each | mask).sum() for each in proposals))
    return float(np.mean(best))


def test_scenes_that_are_not_there_and_nobody_counts(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--model", model_folder, "--data", f"scenes:{tmp_path}:test") == 2
    assert f"{tmp_path / 'test'} holds no scenes" in capsys.readouterr().err
    assert run("--model", "nowhere", "--data", f"scenes:{tmp_path}:test", "--samples", 9) == 2
    assert "model directory nowhere does not exist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


class Brightest:
    """A method without proposals: it takes the bright half of an image, if it is asked politely."""

    profile, selection = "brightest", SelectionConfig()

    def __init__(self, directory: Path, runtime: RuntimeConfig | None, shared: None) -> None:
        self.runtime = runtime

    def encode_frame(self, image: np.ndarray) -> np.ndarray:
        return image

    def segment(self, frame: np.ndarray, instruction: str) -> Segmentation:
        return self.segment_batch(frame, [instruction])[0]

    def segment_batch(self, frame: np.ndarray, instructions: Sequence[str]) -> list[Segmentation]:
        return [self._answer(frame, text) for text in instructions]

    def _answer(self, frame: np.ndarray, instruction: str) -> Segmentation:
        bright = frame.mean(-1) > np.median(frame.mean(-1))
        found = Proposals.from_masks(torch.from_numpy(bright)[None])
        unknown = torch.full((1,), math.nan)
        chosen = Selection((0,), 0.75) if "please" in instruction else Selection((), 0.0, "rude")
        return Segmentation(
            instruction, bright & chosen.found, chosen,
            Candidates(found.masks, found.boxes_px, found.areas_px, unknown, unknown),
        )  # fmt: skip


def test_a_method_without_rules_is_scored_by_its_masks(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(method._METHODS, "brightest", Brightest)
    monkeypatch.setitem(method._INSPECTIONS, "brightest", Path)
    model, out = tmp_path / "model", tmp_path / "out"
    model.mkdir()
    (model / "llmseg.yaml").write_text("method: brightest\n")
    same = ("--model", model, "--data", folder, "--out", out, "--resamples", 20)
    report = evaluated(*same, "--gallery")
    assert report["scores"]["count"] == 7
    assert report["scores"]["oracle_giou"] is None
    assert report["scores"]["target_recall"] == 0
    assert report["scores"]["no_target_accuracy"] == 0  # "something to sit on, please"
    assert (out / "gallery.html").read_text().count("rude") == 6
    assert len((out / "masks.jsonl").read_text().splitlines()) == 4
    capsys.readouterr()
    for option in (("--rule", "iop"), ("--proposals", tmp_path)):
        assert run(*same, *option) == 2
        assert "is a model of the method brightest" in capsys.readouterr().err
    assert run(*same, "--sweep") == 2
    (model / "llmseg.yaml").write_text("method: brightest\nmore: 1\n")
    assert run(*same) == 2
    assert "masks.jsonl belongs to model" in capsys.readouterr().err


def test_proposals_of_another_sam_are_refused(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, other = tmp_path / "cache", tmp_path / "other"
    assert run_command("proposals", PROPOSALS, [
        str(folder), "--model", str(model_folder), "--out", str(cache)
    ]) == 0  # fmt: skip
    usual = ["--data", folder, "--proposals", cache, "--resamples", 9]
    assert run("--model", model_folder, *usual, "--out", tmp_path / "one") == 0
    assert "warning" not in capsys.readouterr().err
    shutil.copytree(model_folder, other)
    weights = bytearray((other / "sam" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "sam" / "model.safetensors").write_bytes(weights)
    assert run("--model", other, *usual, "--out", tmp_path / "two") == 2
    digests = network_digest(model_folder / "sam"), network_digest(other / "sam")
    wanted = f"were made with sam_weights {digests[0]}, not {digests[1]}: use another folder"
    assert wanted in capsys.readouterr().err
    # The processor decides in which format SAM computes, see `faster_dtype`.
    used = load_sam(model_folder, RuntimeConfig(dtype="bfloat16")).dtype
    code = run("--model", model_folder, *usual, "--dtype", "bfloat16", "--out", tmp_path / "three")
    if used == torch.float32:
        assert code == 0
    else:
        assert code == 2
        assert "made with sam_dtype float32, not bfloat16" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nowhere"], "model directory nowhere does not exist"),
        (["--data", "faces:x"], "'faces' is no kind of data set"),
        (["--samples", "0"], "--samples is 0, it must be at least 1"),
        (["--questions", "0"], "--questions is 0, it must be at least 1"),
        (["--questions", "3"], "--questions is for scenes:PATH:SPLIT, "),
        (["--threshold", "2"], "iop_threshold is 2.0, it must be in [0, 1]"),
        (["--phrase-question", "what?"], "--phrase-question is 'what?', it must be a text with {n"),
        (["--phrase-question", ""], "--phrase-question is '', it must be a text with {name}"),
        (["--phrase-question", "{name} {x}"], "is '{name} {x}', it must be a text with {name} and"),
        (["--also", "gone.json"], "gone.json"),
        (["--resamples", "0"], "resamples is 0"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    model_folder: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = {"--model": model_folder, "--data": folder, "--out": tmp_path / "out"}
    usual.pop(arguments[0], None)
    rest = [part for pair in usual.items() for part in pair]
    assert run(*arguments, *rest) == 2
    error = capsys.readouterr().err
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error


def test_answers_of_another_model_are_not_taken(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "scores.jsonl").write_text('{"model": "0", "data": "small", "dtype": "float32"}\n')
    code = run("--model", model_folder, "--data", folder, "--out", out)
    assert code == 2
    assert "scores.jsonl belongs to model '0'" in capsys.readouterr().err


def test_own_predictions_score_the_same_again(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = ("--data", folder, "--resamples", 20)
    model = (*same, "--model", model_folder, "--out", tmp_path / "own", "--rule", "top_iou")
    for place in (tmp_path / "masks", tmp_path / "masks.jsonl"):
        own = evaluated(*model, "--write-predictions", place)
        again = evaluated(*same, "--out", tmp_path / "again", "--predictions", place, "--gallery")
        assert again["name"] == "masks"
        for name in ("giou", "ciou", "nciou", "no_target_accuracy", "target_recall"):
            assert again["scores"][name] == own["scores"][name]
        assert again["intervals"] == own["intervals"]
        assert again["scores"]["oracle_giou"] is None
        assert "<article>" in (tmp_path / "again" / "gallery.html").read_text()
    capsys.readouterr()
    (tmp_path / "masks" / "a_0.png").unlink()
    short = (*same, "--out", tmp_path / "short", "--predictions", tmp_path / "masks")
    assert run(*short) == 2
    assert "1 are missing (a question 0)" in capsys.readouterr().err
    assert run(*short, "--missing", "empty") == 0
    assert run(*short, "--samples", 1) == 2
    capsys.readouterr()
    for option in (("--sweep",), ("--rule", "iop")):
        assert run(*short, *option) == 2
        assert "proposal" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_find_what_one_does(model_folder: Path, folder: Path, tmp_path: Path) -> None:
    """To the last digit, also what was left out, and in the order of the data."""
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    (data / "images" / "c.png").write_bytes(b"torn")
    usual = ["--model", model_folder, "--data", data, "--resamples", 20, "--broken", "skip",
             "--sweep", "--gallery"]  # fmt: skip
    files = {}
    for name in ("one", "two"):
        out = tmp_path / name
        written = ["--out", out, "--write-predictions", out / "masks.jsonl"]
        if name == "one":
            assert run(*usual, *written) == 0
        else:
            done = run_in_two_processes(
                tmp_path, "llmseg_training.commands.evaluate:EVALUATE", *usual, *written
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.count("written: ") == 1
        files[name] = {
            file: (out / file).read_bytes()
            for file in ("report.json", "masks.jsonl", "gallery.html")
        }
    assert files["one"] == files["two"]
    assert list(json.loads(files["one"]["report.json"])["broken"]) == ["c"]


def test_models_of_several_methods_stand_side_by_side(
    model_folder: Path,
    parts: ModelParts,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lisa, out = save_tiny_lisa(tmp_path / "tiny-lisa", parts), tmp_path / "out"
    options = ("--data", folder, "--out", out, "--resamples", 20, "--device", "cpu")
    both = ("--model", model_folder, "--model", lisa)
    assert run(*both, *options, "--beside", "paper-table-1") == 0
    printed = capsys.readouterr().out
    table = printed.partition("side by side on small: 3 images")[2]
    for name in (model_folder.name, "tiny-lisa"):
        stored = json.loads((out / name / "report.json").read_text())
        (line,) = (each for each in table.splitlines() if f" {name} " in each)
        assert f" {stored['scores']['giou']:.3f} " in line
        assert printed.count(f"{name} (here)") == 1
        alone = evaluated("--model", model_folder if name != "tiny-lisa" else lisa,
                          "--data", folder, "--out", tmp_path / f"alone-{name}",
                          "--resamples", 20, "--device", "cpu")  # fmt: skip
        assert alone["scores"] == stored["scores"]


def test_what_is_for_one_model_is_refused_for_several(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("--model", model_folder, "--model", "embedded", "--data", folder)
    for option, said in (
        (("--name", "a"), "--name is for one model, here are 2"),
        (("--json", tmp_path / "a.json"), "--json is for one model, here are 2"),
        (("--write-predictions", tmp_path / "a"), "--write-predictions is for one model"),
    ):
        assert run(*both, *option) == 2
        assert said in capsys.readouterr().err
    assert run("--model", "embedded", *both) == 2
    assert "two models are called 'embedded'" in capsys.readouterr().err
