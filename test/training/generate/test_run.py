# SPDX-License-Identifier: Apache-2.0
"""Whole runs on rendered scenes, with a server on this machine that answers as a good model would.

One run is shared by the tests of what it wrote; the others are about what ends a run early.
"""

from __future__ import annotations

import _thread
import hashlib
import json
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from helpers.commands import run
from helpers.generate_place import write_pictures
from helpers.truthful_asker import TruthfulAsker
from helpers.vlm_server import VlmServer, vlm_server
from llmseg_core.config import RuntimeConfig
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_training.adapter.recipe import load_adapter_recipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.commands.data import DATA
from llmseg_training.commands.generate import GENERATE
from llmseg_training.data import open_data
from llmseg_training.generate.recipe import GenerateRecipe
from llmseg_training.generate.run import generate
from llmseg_training.proposals.write import write_proposals
from llmseg_training.scenes import SceneConfig, SceneFolder, write_scenes

COUNT = 12


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneFolder:
    config = SceneConfig(width=128, height=96, edge_samples=0)
    folder = tmp_path_factory.mktemp("generate")
    return SceneFolder(write_scenes(folder, "val", COUNT, config=config))


@pytest.fixture
def server() -> Iterator[VlmServer]:
    with vlm_server() as running:
        running.behaviour = TruthfulAsker()
        yield running


def recipe(scenes: SceneFolder, url: str, **more: Any) -> GenerateRecipe:
    model = {"url": url, "model": "truthful", "first_wait_s": 0.01, "retries": 1, "concurrency": 2}
    values: dict[str, Any] = {
        "sources": {"scenes": {"data": f"scenes:{scenes.path.parent}:val"}},
        "asker": model,
        "describer": model,
        "verifier": model,
        "ask": {"describe": "none", "template": "own", "nothing_share": 0.2},
        "verify": {"votes": 3, "keep": 2},
        "splits": {"train": 3, "validation": 1, "test": 1},
        **more,
    }
    return GenerateRecipe.from_dict(values, "a recipe")


def digest(folder: Path) -> str:
    code = hashlib.blake2b()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("README.md", "statistics.png"):
            code.update(path.relative_to(folder).as_posix().encode())
            code.update(path.read_bytes())
    return code.hexdigest()


@pytest.fixture(scope="module")
def made(
    scenes: SceneFolder, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], int]:
    """A finished run with some bad answers in it; folder, report, and how often it was asked."""
    out = tmp_path_factory.mktemp("made") / "out"
    with vlm_server() as server:
        server.behaviour = TruthfulAsker(errs=True)
        report = generate(recipe(scenes, server.url), out, RuntimeConfig())
        return out, report, len(server.asked)


def test_the_report_adds_up(made: tuple[Path, dict[str, Any], int]) -> None:
    out, report, asked = made
    lost = sum(each["count"] for each in report["left_out"]["questions"].values())
    kept = sum(each["questions"] for each in report["splits"].values())
    assert report["drafted"] == kept + lost
    assert kept > 10
    assert report["left_out"]["replies"]["no_json"]["count"] >= 1
    assert report["left_out"]["questions"]["wrong_answer"]["count"] >= 1
    assert report["spent"]["requests"] == asked
    assert json.loads((out / "report.json").read_text()) == report
    assert len((out / "left_out.jsonl").read_text().splitlines()) == lost
    assert sum(each["images"] for each in report["splits"].values()) <= COUNT


def test_data_check_accepts_it(
    made: tuple[Path, dict[str, Any], int], capsys: pytest.CaptureFixture[str]
) -> None:
    out, report, _ = made
    for split in ("train", "validation", "test"):
        assert run(DATA, "check", f"llm_seg40k:{out / 'data'}:{split}") == 0
        assert run(DATA, "check", out / "data/folder" / split) == 0
        said = capsys.readouterr().out
        numbers = report["splits"][split]
        assert said.count(f"{numbers['images']} images, {numbers['questions']} questions") == 2


def test_the_papers_recipe_trains_on_it(
    made: tuple[Path, dict[str, Any], int],
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`llmseg40k_finetune` as it is shipped, two steps with the smallest model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/LLMSeg-40K").symlink_to(made[0] / "data/LLMSeg-40K")
    (tmp_path / "datasets/other").symlink_to(made[0] / "data/other")
    changes = [
        f"model={model_folder}", "steps=2", "validate_steps=2", "save_steps=2", "log_steps=1",
        "global_batch=2", "precision=float32", "workers=0", "gradient_checkpointing=false",
        "warmup_steps=1", "report_to=[]",
    ]  # fmt: skip
    finetune = load_adapter_recipe("llmseg40k_finetune", changes)
    config = load_config(model_folder).proposals
    propose = SamProposalGenerator(load_sam(model_folder), config)
    for spec, place in (
        (finetune.data, finetune.proposals),
        (finetune.validation, finetune.validation_proposals),
    ):
        assert spec is not None
        write_proposals(propose, open_data(spec), Path(str(place)), config=config)
    train_adapter(finetune, tmp_path / "work")
    assert (tmp_path / "work/last/selector.safetensors").is_file()


def test_masks_are_the_scenes(scenes: SceneFolder, made: tuple[Path, dict[str, Any], int]) -> None:
    out, _, _ = made
    answers = {}
    for line in (out / "data/provenance.jsonl").read_text().splitlines():
        record = json.loads(line)
        answers[record["image"], record["question"]] = record["answer"], record["kind"]
    seen = 0
    for split in ("train", "test"):
        for sample in open_data(f"llm_seg40k:{out / 'data'}:{split}"):
            position = int(sample.name)
            instances = scenes.instances(position)
            for question in sample.questions:
                answer, kind = answers[sample.name, question.text]
                ids = [item.id for item in scenes.objects(position) if item.category == answer]
                expected = np.isin(instances, ids) & (kind != "nothing")
                assert np.array_equal(question.mask, expected)
                assert expected.any() == (kind != "nothing")
                seen += 1
            assert np.array_equal(sample.image, scenes.image(position))
    assert seen > 8


def test_provenance(made: tuple[Path, dict[str, Any], int]) -> None:
    out, _, _ = made
    replies = {json.loads(line).get("name") for line in (out / "replies.jsonl").open()}
    for line in (out / "data/provenance.jsonl").read_text().splitlines():
        record = json.loads(line)
        assert record["request"] in replies
        assert (record["model"], record["template"]) == ("truthful", "own")
        assert record["votes"] == [True] * 3
        assert record["difficulty"] == "easy"  # this server guesses well
        assert record["source"] == "scenes/val"


def test_the_card_and_the_picture(made: tuple[Path, dict[str, Any], int]) -> None:
    out, report, _ = made
    card = (out / "data/README.md").read_text()
    train = report["splits"]["train"]
    assert f"| questions an image | {train['questions_an_image']:.2f} |" in card
    assert card.count("| 3.95 |") == 1
    wrong = report["left_out"]["questions"]["wrong_answer"]["count"]
    assert f"| questions | wrong_answer | {wrong} |" in card
    assert "Nobody looked at it yet" in card
    assert (out / "data/statistics.png").stat().st_size > 20_000
    recipe_text = card.partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(recipe_text) == yaml.safe_load((out / "recipe.yaml").read_text())


def test_the_same_again_offline(
    scenes: SceneFolder, made: tuple[Path, dict[str, Any], int], tmp_path: Path
) -> None:
    """From the replies alone, in another folder, without a server: byte for byte the same."""
    out, report, _ = made
    url = yaml.safe_load((out / "recipe.yaml").read_text())["asker"]["url"]
    (tmp_path / "out").mkdir()
    shutil.copy(out / "replies.jsonl", tmp_path / "out")
    again = generate(recipe(scenes, url), tmp_path / "out", RuntimeConfig(), offline=True)
    assert again["splits"] == report["splits"]
    assert digest(tmp_path / "out/data") == digest(out / "data")


def test_the_papers_way(scenes: SceneFolder, server: VlmServer, tmp_path: Path) -> None:
    """Described, asked by figure 4's template, answers by category: all instances are meant."""
    paper = {"ask": {"describe": "paper", "template": "paper"}, "verifier": None}
    generate(recipe(scenes, server.url, **paper), tmp_path, RuntimeConfig())
    asked = [body for body in server.asked if "[Important Objects]" in str(body)]
    assert len(asked) == COUNT
    assert all("A table with some things on it." in str(body) for body in asked)
    lines = (tmp_path / "data/provenance.jsonl").read_text().splitlines()
    for record in map(json.loads, lines):
        names = [item.category for item in scenes.objects(int(record["image"]))]
        assert [names[each] for each in record["regions"]] == [record["answer"]] * names.count(
            record["answer"]
        )
        assert record["describer"] == "truthful"


def test_a_run_that_stopped_goes_on(
    scenes: SceneFolder, server: VlmServer, made: tuple[Path, dict[str, Any], int], tmp_path: Path
) -> None:
    """By its budget, by a server that went away, by Ctrl-C; the end is the same, nothing is paid
    for twice, and there is no data set before it is whole."""
    truth = TruthfulAsker(errs=True)
    left = [30]

    def fails_later(body: Any) -> tuple[int, Any]:
        left[0] -= 1
        return truth(body) if left[0] > 0 else (503, {"error": "gone"})

    out, asked = tmp_path / "out", made[2]
    slow = {"concurrency": 1, "url": server.url, "model": "truthful", "first_wait_s": 0.01}
    models = dict.fromkeys(("asker", "describer", "verifier"), slow)
    server.behaviour = fails_later
    with pytest.raises(OSError, match="run it again to go on"):
        generate(recipe(scenes, server.url, **models), out, RuntimeConfig())
    assert not (out / "data").exists()
    server.behaviour = truth
    budgeted = recipe(scenes, server.url, **models, budget={"requests": 60})
    with pytest.raises(ValueError, match="the budget of 60 requests is spent"):
        generate(budgeted, out, RuntimeConfig())
    assert not (out / "data").exists()
    stop = [9]

    def interrupted(body: Any) -> tuple[int, Any]:
        stop[0] -= 1
        if not stop[0]:
            _thread.interrupt_main()
        return truth(body)

    server.behaviour = interrupted
    with pytest.raises(KeyboardInterrupt):
        generate(recipe(scenes, server.url, **models), out, RuntimeConfig())
    server.behaviour = truth
    generate(recipe(scenes, server.url, **models), out, RuntimeConfig())
    good = [line for line in (out / "replies.jsonl").open() if '"text"' in line]
    assert len(good) == asked
    assert digest(out / "data") == digest(made[0] / "data")


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills(scenes: SceneFolder, server: VlmServer, tmp_path: Path) -> None:
    quick = recipe(scenes, server.url, verifier=None)
    for most in (3000, 7000):  # among images and replies; among images of the data set
        with small_disk(most), pytest.raises(OSError):
            generate(quick, tmp_path, RuntimeConfig())
        assert not (tmp_path / "data").exists()
    generate(quick, tmp_path, RuntimeConfig())
    assert open_data(f"llm_seg40k:{tmp_path / 'data'}:train")[0].questions


def test_one_writer_at_a_time(scenes: SceneFolder, server: VlmServer, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(FolderInUseError, match="is being written by process"):
        generate(recipe(scenes, server.url), tmp_path, RuntimeConfig())


def test_images_that_cannot_be_read_are_named_and_counted(
    scenes: SceneFolder, server: VlmServer, tmp_path: Path
) -> None:
    root = tmp_path / "scenes"
    shutil.copytree(scenes.path, root / "val")
    (root / "val/images/000003.png").write_bytes(b"\x89PNG cut short")
    (root / "val/images/000005.png").unlink()
    shutil.copy(root / "val/images/000001.png", root / "val/images/000002.png")
    sources = {"sources": {"scenes": {"data": f"scenes:{root}:val"}}}
    report = generate(
        recipe(scenes, server.url, verifier=None, **sources), tmp_path / "out", RuntimeConfig()
    )
    found = report["left_out"]["images"]
    assert (found["unreadable"]["count"], found["near_duplicate"]["count"]) == (2, 1)
    told = " ".join(found["unreadable"]["examples"])
    assert "000003" in told
    assert "000005" in told


def test_settings_of_the_images_cannot_change_within_a_folder(
    scenes: SceneFolder, server: VlmServer, tmp_path: Path
) -> None:
    generate(recipe(scenes, server.url, verifier=None), tmp_path, RuntimeConfig())
    with pytest.raises(ValueError, match=r"images\.jsonl belongs to"):
        generate(recipe(scenes, server.url, seed=4), tmp_path, RuntimeConfig())


def test_images_of_other_data_sets_are_left_out(
    scenes: SceneFolder, server: VlmServer, tmp_path: Path
) -> None:
    others = {"splits": {"others": [f"scenes:{scenes.path.parent}:val"]}}
    with pytest.raises(ValueError, match=f"no image can be asked about.*{COUNT} x in_other_set"):
        generate(recipe(scenes, server.url, **others), tmp_path, RuntimeConfig())


def test_bare_images_without_sam_or_names(server: VlmServer, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    write_pictures(tmp_path / "photos", ["a.png", "b.png"])
    sources = {"photos": {"data": f"images:{tmp_path / 'photos'}"}}
    model = {"url": server.url, "model": "m"}
    values: dict[str, Any] = {"sources": sources, "asker": model, "describer": model}
    own = {"ask": {"describe": "none", "template": "own"}}
    with pytest.raises(ValueError, match="images without regions: name a model directory with SAM"):
        generate(GenerateRecipe.from_dict({**values, **own}, "x"), tmp_path / "1", RuntimeConfig())
    paper = GenerateRecipe.from_dict({**values, "sam": "embedded"}, "x")
    with pytest.raises(ValueError, match="2 x no_categories"):
        generate(paper, tmp_path / "2", RuntimeConfig())


def test_the_command(
    scenes: SceneFolder, server: VlmServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe(scenes, server.url).to_dict()))
    assert run(GENERATE, "run", file, tmp_path / "out", "--set", "verifier=null") == 0
    said = capsys.readouterr().out
    assert "questions were written" in said
    assert "train: " in said
    with pytest.raises(ValueError, match="run needs a second argument, OUT"):
        run(GENERATE, "run", file)
    with pytest.raises(FileNotFoundError, match="shipped are generate_paper"):
        run(GENERATE, "run", "paper", tmp_path)
