# SPDX-License-Identifier: Apache-2.0
"""The page's addresses with the packaged model and the browser's own requests."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from helpers.commands import run
from helpers.vlm_server import reply, vlm_server
from llmseg_core import load_method
from llmseg_core.grounding.server_chat import ServerChat
from llmseg_core.images.image_files import read_image, write_image
from llmseg_core.images.run_lengths import decode_runs, encode_mask
from llmseg_core.web.guard import Guard
from llmseg_training.commands.data import DATA
from llmseg_training.commands.proposals import PROPOSALS
from llmseg_training.commands.train import TRAIN
from llmseg_training.data import FolderData
from llmseg_training.data.bag_frames import write_frames
from llmseg_training.label.app import label_app
from llmseg_training.label.assistant import Assistant
from llmseg_training.label.images import reduced
from llmseg_training.label.session import LabelSession

ROOT = Path(__file__).parents[3]
RECORDING = ROOT / "llmseg_ros" / "demo" / "recording"
PAGE = {"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765"}
SIZE = (240, 320)
SQUARE = np.zeros(SIZE, dtype=bool)
SQUARE[50:100, 150:200] = True


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    folder = tmp_path_factory.mktemp("frames")
    write_frames(RECORDING, folder, every_s=6.0)
    files = sorted((folder / "images").iterdir())[:2]
    return [reduced(read_image(path), SIZE[1]) for path in files]


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant(load_method("embedded"))


@pytest.fixture
def folder(tmp_path: Path, pictures: list[np.ndarray]) -> Path:
    for number, picture in enumerate(pictures):
        write_image(tmp_path / "images" / f"scene {number}.png", picture)
    return tmp_path


@pytest.fixture
def client(folder: Path, assistant: Assistant) -> Iterator[TestClient]:
    session = LabelSession(folder, assistant)
    guarded = Guard(label_app(session), "127.0.0.1")
    yield TestClient(guarded, headers=PAGE, raise_server_exceptions=False)
    assert session.close(60)


def question(**changes: Any) -> dict[str, Any]:
    usual = {"text": "the square", "kind": "phrase", "category": "", "nothing": False}
    return {**usual, "mask": encode_mask(SQUARE), **changes}


def saved(client: TestClient, version: str = "", **changes: Any) -> dict[str, Any]:
    body = {"image": "scene 0", "version": version, "place": None, "question": question(**changes)}
    answer = client.post("/api/save", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_question_is_saved_as_the_folder_format_has_it(client: TestClient, folder: Path) -> None:
    first = saved(client, text="  what is square? ", kind="instruction", category="square ")
    second = saved(client, first["version"], text="a unicorn", nothing=True, mask=None)
    assert [each["text"] for each in second["questions"]] == ["what is square?", "a unicorn"]
    sample = FolderData(folder)[0]
    assert sample.name == "scene 0"
    assert sample.questions[0].category == "square"
    np.testing.assert_array_equal(sample.questions[0].mask, SQUARE)
    assert not sample.questions[1].mask.any()


def test_a_change_keeps_what_the_page_does_not_know(client: TestClient, folder: Path) -> None:
    line = {"name": "scene 0", "image": "images/scene 0.png", "questions": [
        {"text": "old", "mask": [], "category": "c", "ignore": encode_mask(SQUARE)}]}  # fmt: skip
    (folder / "samples.jsonl").write_text(json.dumps(line) + "\n")
    version = client.get("/api/sample", params={"image": "scene 0"}).json()["version"]
    body = {"image": "scene 0", "version": version, "place": 0, "question": question(text="new")}
    assert client.post("/api/save", json=body).status_code == 200
    stored = json.loads((folder / "samples.jsonl").read_text())["questions"]
    assert stored == [
        {"text": "new", "kind": "phrase", "mask": encode_mask(SQUARE),
         "ignore": encode_mask(SQUARE)},
    ]  # fmt: skip


def test_what_is_removed_can_be_put_back(client: TestClient, folder: Path) -> None:
    version = saved(client, saved(client, text="one")["version"], text="two")["version"]
    before = (folder / "samples.jsonl").read_bytes()
    gone = client.post(
        "/api/remove", json={"image": "scene 0", "version": version, "place": 0}
    ).json()
    assert [each["text"] for each in gone["questions"]] == ["two"]
    body = {"image": "scene 0", "version": gone["version"], **gone["removed"]}
    assert client.post("/api/restore", json=body).status_code == 200
    assert (folder / "samples.jsonl").read_bytes() == before


def test_somebody_elses_change_is_told(client: TestClient) -> None:
    saved(client)
    body = {"image": "scene 0", "version": "", "place": None, "question": question()}
    answer = client.post("/api/save", json=body)
    assert answer.status_code == 409
    assert "changed by somebody else" in answer.json()["error"]


def test_pictures_come_upright_in_two_sizes(client: TestClient, tmp_path: Path) -> None:
    for size, shape in (("large", (240, 320, 3)), ("small", (144, 192, 3))):
        answer = client.get("/api/picture", params={"image": "scene 1", "size": size})
        assert answer.headers["content-type"] == "image/jpeg"
        (tmp_path / "shown.jpg").write_bytes(answer.content)
        assert read_image(tmp_path / "shown.jpg").shape == shape


def test_the_model_proposes_draws_and_answers(
    client: TestClient, assistant: Assistant, folder: Path
) -> None:
    regions = client.get("/api/regions", params={"image": "scene 0", "next": "scene 1"}).json()
    masks = [decode_runs(each, SIZE) for each in regions]
    assert len(masks) > 3
    areas = [mask.sum() for mask in masks]
    assert areas == sorted(areas, reverse=True)
    thing = next(mask for mask in masks if 500 < mask.sum() < 5000)
    rows, columns = np.nonzero(thing)
    box = [float(v) for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
    drawn = client.post("/api/draw", json={"image": "scene 0", "box": box}).json()
    mask = decode_runs(drawn, SIZE)
    assert (mask & thing).sum() / (mask | thing).sum() > 0.7
    point = [float(columns.mean()), float(rows.mean())]
    assert client.post("/api/draw", json={"image": "scene 0", "point": point}).status_code == 200
    body = {"image": "scene 0", "text": "something I could eat", "kind": "instruction"}
    answer = client.post("/api/answer", json=body).json()
    image = assistant.method.encode_frame(read_image(folder / "images" / "scene 0.png"))
    expected = assistant.method.segment(image, "something I could eat")
    np.testing.assert_array_equal(decode_runs(answer["mask"], SIZE), expected.mask)
    assert answer["confidence"] == pytest.approx(expected.confidence, abs=1e-4)


def test_the_worst_answered_image_is_known(client: TestClient) -> None:
    saved(client, text="a unicorn", kind="phrase")  # which the model will not draw a square for
    end = time.monotonic() + 60
    while True:
        state = client.get("/api/state").json()
        if not state["waiting"]:
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    worst = {each["name"]: each["worst"] for each in state["images"]}
    assert worst["scene 1"] is None
    assert worst["scene 0"] < 0.2
    assert state["model"] == "embedded"


def test_a_chat_model_suggests_questions(folder: Path, assistant: Assistant) -> None:
    said = (
        '1. What holds water?\n\n- "the round one"\n* ok\nthe round one\n2) something to pour\nmore'
    )
    with vlm_server() as server:
        server.behaviour = lambda _: (200, reply(said))
        session = LabelSession(folder, assistant, ServerChat(server.url, "tiny"))
        client = TestClient(Guard(label_app(session), "127.0.0.1"), headers=PAGE)
        body = {"image": "scene 0", "mask": encode_mask(SQUARE)}
        assert client.post("/api/suggest", json=body).json() == [
            "What holds water?", "the round one", "something to pour",
        ]  # fmt: skip
        assert session.close(60)
    answer = client.post("/api/suggest", json={"image": "scene 0", "mask": {}})
    assert answer.status_code == 400


FORMS: dict[str, dict[str, Any]] = {
    "save": {"image": "scene 0", "version": "", "place": None, "question": question()},
    "remove": {"image": "scene 0", "version": "", "place": 0},
    "restore": {"image": "scene 0", "version": "", "place": 0, "plain": '{"text": 1}'},
    "draw": {"image": "scene 0", "box": [0, 0, 5, 5]},
    "answer": {"image": "scene 0", "text": "the cup", "kind": "phrase"},
    "suggest": {"image": "scene 0", "mask": encode_mask(SQUARE)},
}
ODD = [
    None, True, -1, 10**30, 1e308, "", "..", "/etc/passwd", "scene 9", "a" * 5000, "\ud800", "\0",
    [], [1], ["x"] * 4, [1e308] * 4, [5, 5, 1, 1], {}, {"size": list(SIZE), "counts": "nonsense"},
    {"size": [2**31, 2**31], "counts": [0]}, {"size": [1, 1], "counts": [0, 1]},
    {"size": list(SIZE), "counts": [2**62] * 4}, {"text": [], "kind": {}},
    question(mask=None), question(nothing="yes"), question(kind="poem"), question(text=" "),
    question(text="[SEG]"), question(category=5), question(mask=encode_mask(~SQUARE[:40])),
    question(mask={"size": list(SIZE), "counts": [SIZE[0] * SIZE[1]]}),
]  # fmt: skip


def test_odd_values_are_refused_with_a_reason_and_nothing_is_written(
    client: TestClient, folder: Path
) -> None:
    """Each value in each place of each form, and forms with keys that are gone."""
    state = random.Random(0)
    forms = [
        (name, form | {key: odd}) for name, form in FORMS.items() for key in form for odd in ODD
    ]
    forms += [(name, {k: v for k, v in form.items() if state.random() < 0.6})
              for name, form in FORMS.items() for _ in range(10)]  # fmt: skip
    harmless = 0
    for name, form in forms:
        body = json.dumps(form).encode("utf-8", "surrogatepass")
        answer = client.post(
            f"/api/{name}", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (200, 400, 404, 409), (name, form, answer.text)
        if answer.status_code == 200:
            harmless += 1
            assert name in ("draw", "answer", "save"), (name, form)
            if name == "save":  # what was valid after all
                (folder / "samples.jsonl").unlink()
        else:
            assert answer.json()["error"]
        assert not (folder / "samples.jsonl").exists(), (name, form)
    assert harmless < len(forms) / 10
    assert saved(client)["questions"]


@pytest.mark.parametrize("image", ["../x", "/etc/passwd", "images/scene 0.png", "", "scene 0/.."])
@pytest.mark.parametrize("path", ["picture", "sample", "regions"])
def test_no_other_file_is_shown(client: TestClient, path: str, image: str) -> None:
    answer = client.get(f"/api/{path}", params={"image": image})
    assert answer.status_code == 404
    assert "there is no image" in answer.json()["error"]
    assert client.get(f"/api/{path}").status_code == 400


def test_an_image_that_cannot_be_read_is_named_and_the_others_go_on(
    client: TestClient, folder: Path
) -> None:
    (folder / "images" / "broken.png").write_bytes(b"no image")
    for path in ("picture", "sample", "regions"):
        answer = client.get(f"/api/{path}", params={"image": "broken"})
        assert answer.status_code == 400
        assert "broken.png is no image that can be read" in answer.json()["error"]
    assert {each["name"] for each in client.get("/api/state").json()["images"]} == {
        "broken", "scene 0", "scene 1",
    }  # fmt: skip


def test_a_foreign_site_changes_nothing(client: TestClient, folder: Path) -> None:
    for headers in ({"origin": "http://evil.com"}, {"host": "evil.com"}):
        answer = client.post("/api/save", json=FORMS["save"], headers=headers)
        assert answer.status_code in (403, 421)
    assert not (folder / "samples.jsonl").exists()


def test_what_was_labelled_is_checked_proposed_for_and_trained_on(
    client: TestClient,
    folder: Path,
    model_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page's work goes through the commands of docs/fine-tune.md as it is."""
    first = saved(client, text="what is square?", kind="instruction", category="square")
    saved(client, first["version"], text="a unicorn", nothing=True, mask=None)
    work = tmp_path_factory.mktemp("work")
    monkeypatch.chdir(work)
    assert run(DATA, "check", folder) == 0
    assert run(PROPOSALS, folder, "--model", model_folder, "--out", "proposals") == 0
    changes = {
        "model": model_folder, "data": folder, "proposals": "proposals", "validation": folder,
        "validation_proposals": "proposals", "steps": 2, "validate_steps": 2, "save_steps": 2,
        "global_batch": 2, "precision": "float32", "workers": 0, "warmup_steps": 1,
        "gradient_checkpointing": "false", "report_to": "[]",
    }  # fmt: skip
    settings = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    assert run(TRAIN, "finetune_folder", "--work", "trained", *settings) == 0
    assert (work / "trained/last/selector.safetensors").is_file()
