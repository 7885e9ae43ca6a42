# SPDX-License-Identifier: Apache-2.0
"""`llmseg get` through the real client of the hub, from a hub on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from huggingface_hub import constants

from helpers.hub_server import HubServer, left
from llmseg_core.cli.main import main
from llmseg_core.methods.method import load_method
from llmseg_core.model_dir.profiles import load_profiles

HOME = Path(".local/share/llmseg")
FLORENCE, SAM = "florence-community/Florence-2-base", "facebook/sam2.1-hiera-tiny"


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("cpu", "two_stage"),
        ("two-stage", "two_stage"),
        ("grounding", "grounding"),
    ],
)
def test_a_profile_is_got_and_loads_by_its_name(
    hub: HubServer, image: np.ndarray, tmp_path: Path, name: str, method: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with pytest.raises(FileNotFoundError, match=f"llmseg get {name} downloads it"):
        load_method(name)
    assert main(["get", name]) == 0
    said = capsys.readouterr().out
    folder = tmp_path / "home" / HOME / name
    assert f"wrote {folder}" in said
    assert "licence apache-2.0" in said
    assert " GB free, into " in said
    model = load_method(name)
    assert model.description.name == method
    assert model.profile == name
    answer = model.segment(model.encode_frame(image), "the red cup")
    assert answer.mask.shape == image.shape[:2]
    taken = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not taken & {"pytorch_model.bin", "modeling.py", "README.md"}
    assert not (folder / "sam" / "onnx").exists()
    sources = yaml.safe_load((folder / "sources.yaml").read_text())
    for key, part in load_profiles()[name].parts.items():
        assert sources["parts"][key]["repository"] == part.repository
        assert sources["parts"][key]["revision"] == hub.commit(part.repository)
    assert left(folder) == [name]


def test_the_second_time_nothing_is_loaded(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["get", "cpu"]) == 0
    asked = len(hub.asked)
    assert main(["get", "cpu"]) == 0
    assert len(hub.asked) == asked
    assert f"cpu is in {place} already" in capsys.readouterr().out


def test_what_was_damaged_is_mended_and_what_users_wrote_stays(hub: HubServer, place: Path) -> None:
    assert main(["get", "cpu"]) == 0
    (place / "sam" / "model.safetensors").write_bytes(b"cut short")
    settings = (place / "llmseg.yaml").read_text() + "score_threshold: 0.7\n"
    (place / "llmseg.yaml").write_text(settings)
    (place / "notes.txt").write_text("mine")
    hub.asked.clear()
    assert main(["get", "cpu"]) == 0
    assert load_method("cpu").config.score_threshold == 0.7
    assert (place / "notes.txt").read_text() == "mine"
    assert [path for _, path, _ in hub.asked if path.startswith("/large/")] == [
        f"/large/{SAM}/model.safetensors"
    ]


def test_a_record_that_is_damaged(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["get", "cpu"]) == 0
    record = (place / "sources.yaml").read_text()
    (place / "sources.yaml").write_text(record.replace("digest: ", "digest: ../../"))
    capsys.readouterr()
    assert main(["get", "--list"]) == 0
    assert "yes" not in capsys.readouterr().out
    assert main(["get", "cpu"]) == 2
    said = capsys.readouterr().err
    assert "it must be 64 or 40 hexadecimal digits" in said
    assert f"remove {place}, and call this again" in said


def test_newer_weights_replace_what_changed(
    hub: HubServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = load_profiles()["cpu"]
    older = replace(newer, llmseg_yaml=f"{newer.llmseg_yaml}score_threshold: 0.9\n")
    with monkeypatch.context() as patch:
        patch.setitem(load_profiles(), "cpu", older)
        assert main(["get", "cpu"]) == 0
    assert load_method("cpu").config.score_threshold == 0.9
    before = yaml.safe_load((place / "sources.yaml").read_text())["parts"]
    files = hub.repositories[FLORENCE]
    files["generation_config.json"] = files["generation_config.json"] + b"\n"
    hub.asked.clear()
    assert main(["get", "cpu", "--update"]) == 0
    after = yaml.safe_load((place / "sources.yaml").read_text())["parts"]
    assert before["sam"] == after["sam"]
    assert after["locator"]["revision"] == hub.commit(FLORENCE) != before["locator"]["revision"]
    assert sum("/resolve/" in path for _, path, _ in hub.asked) == 1
    assert load_method("cpu").config.score_threshold == 0.3


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub: HubServer, place: Path) -> None:
    hub.cut["model.safetensors"] = 40960
    assert main(["get", "cpu"]) == 0
    assert hub.loaded("model.safetensors") == [None, "bytes=40960-", None]
    assert load_method("cpu").description.name == "two_stage"


def test_a_hub_that_goes_away_midway(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.cut["model.safetensors"] = 40960
    hub.status_after_cut = 503
    assert main(["get", "cpu"]) == 2
    error = capsys.readouterr().err
    assert "503" in error
    assert "the same command goes on from there" in error
    assert not place.exists()
    hub.status = hub.status_after_cut = 0
    hub.asked.clear()
    assert main(["get", "cpu"]) == 0
    assert hub.loaded("model.safetensors")[0] == "bytes=40960-"
    assert left(place) == ["cpu"]


def test_a_hub_that_is_too_slow(
    hub: HubServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    hub.drip_s = 0.5
    assert main(["get", "cpu"]) == 2
    assert "ReadTimeout: timed out): is this machine connected?" in capsys.readouterr().err
    hub.drip_s = 0.002  # slow, and never still for so long
    assert main(["get", "cpu"]) == 0


def test_the_papers_parts(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are no model yet, and what is missing is said."""
    for part in load_profiles()["paper"].parts.values():
        hub.repositories[part.repository] = {"config.json": b"{}", "model.safetensors": b"x"}
    assert main(["get", "paper"]) == 0
    folder = tmp_path / "home" / HOME / "paper"
    said = " ".join(capsys.readouterr().out.split())
    assert "LLaVA-Lightning-7B-v1 is public as a difference to LLaMA-7B only" in said
    assert "llmseg convert --released mp_rank_00_model_states.pt" in said
    assert f"--sam {folder}/sam --dinov2 {folder}/dinov2 --clip {folder}/clip --out model" in said
    assert (folder / "clip" / "model.safetensors").read_bytes() == b"x"
    with pytest.raises(FileNotFoundError, match=r"paper is no model directory: it has no"):
        load_method("paper")


def test_another_digest(hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = hub.repositories[SAM]["model.safetensors"]
    hub.said["config.json"] = b" " * len(hub.repositories[FLORENCE]["config.json"])
    assert main(["get", "cpu"]) == 2
    assert f"{FLORENCE}/config.json arrived damaged and was dropped" in capsys.readouterr().err
    hub.said = {"model.safetensors": content[:-1] + b"x"}
    hub.repositories[FLORENCE].pop("added_tokens.json", None)
    assert main(["get", "cpu"]) == 2
    error = capsys.readouterr().err
    assert "model.safetensors" in error
    assert not place.exists()
    hub.said = {}
    assert main(["get", "cpu"]) == 0


def test_a_gated_part(
    hub: HubServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.gated.add(SAM)
    assert main(["get", "cpu"]) == 2
    error = capsys.readouterr().err
    assert f"{SAM} is given only to those who asked: ask at {hub.url}/{SAM}" in error
    assert "hf auth login" in error
    assert hub.loaded("model.safetensors") == []  # it was said before anything was loaded
    monkeypatch.setenv("HF_TOKEN", "hf_let-me-in")
    assert main(["get", "cpu"]) == 0
    assert hub.tokens == {"127.0.0.1"}  # and not the host of the large files


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda hub: hub.repositories.pop(SAM), f"has no model {SAM}"),
        (lambda hub: setattr(hub, "status", 500), "answered for"),
        (lambda hub: setattr(hub, "status", 403), "the token is wrong or may not read it"),
        (lambda hub: hub.shutdown() or hub.server_close(), "is this machine connected?"),
        (
            lambda hub: setattr(constants, "ENDPOINT", "hub.lan\r"),
            r"HF_ENDPOINT is 'hub.lan\r', it must be an http or https address",
        ),
        (lambda hub: hub.repositories[SAM].pop("config.json"), f"{SAM} has no config.json"),
        (
            lambda hub: hub.repositories[SAM].pop("model.safetensors"),
            f"{SAM} has no weights as safetensors",
        ),
    ],
)
def test_a_hub_that_has_not_what_is_wanted(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, change: object, message: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(
        sleep=lambda _: None, time=time.time, monotonic=time.monotonic
    ))  # fmt: skip
    change(hub)
    assert main(["get", "cpu"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert left(place) == []


def test_a_repository_that_is_no_model_of_the_profile(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What loads is looked at before it takes the place."""
    hub.repositories[FLORENCE] = dict(hub.repositories[SAM])
    hub.repositories[FLORENCE].pop("preprocessor_config.json", None)
    hub.repositories[SAM] = {"config.json": b"{}", "model.safetensors": b"x"}
    assert main(["get", "cpu"]) == 0  # a directory is whole if its parts are there
    with pytest.raises(ValueError, match=r"locator is .*model_type 'sam2'"):
        load_method("cpu")


def test_killed_midway_and_two_at_once(
    hub: HubServer, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.drip_s = 0.05
    program = (
        "import sys\n"
        "from huggingface_hub import constants\n"
        "constants.DOWNLOAD_CHUNK_SIZE = 4096\n"
        "from llmseg_core.cli.main import main\n"
        "sys.exit(main(['get', 'cpu']))"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdout=(tmp_path / "said").open("wb"),
        stderr=subprocess.STDOUT, env=_environment(hub, tmp_path),
    )  # fmt: skip
    blobs = place.with_name(".cpu-download") / "blobs"

    def arrived() -> int:
        sizes = [path.stat().st_size for path in blobs.glob("*.partial")] if blobs.exists() else []
        return max(sizes, default=0)

    end = time.monotonic() + 60
    while arrived() < 20000 and time.monotonic() < end and other.poll() is None:
        time.sleep(0.02)
    assert arrived() >= 20000, (tmp_path / "said").read_text()
    assert main(["get", "cpu"]) == 2
    assert f"is being written by process {other.pid} on" in capsys.readouterr().err
    other.kill()
    other.wait()
    assert not place.exists()
    kept = arrived()
    assert kept >= 20000
    hub.drip_s = 0.0
    hub.asked.clear()
    assert main(["get", "cpu"]) == 0
    assert {asked for _, _, asked in hub.asked if asked} == {f"bytes={kept}-"}
    assert left(place) == ["cpu"]


def _environment(hub: HubServer, tmp_path: Path) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.url, "HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


def test_the_list_and_what_would_be_done(
    hub: HubServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["get", "--list"]) == 0
    said = capsys.readouterr().out
    for name, profile in load_profiles().items():
        assert f"\n{name} " in said
        assert profile.licences[0] in said
    assert hub.asked == []
    hub.licences[SAM] = "cc-by-nc-4.0"
    assert main(["get", "cpu", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "licence cc-by-nc-4.0" in said
    assert "its licence was apache-2.0 when this profile was made: read it" in said
    assert left(place) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grunding"], "'grunding' is no profile; did you mean grounding or grounding-small?"),
        (["xyz"], "'xyz' is no profile; there are grounding, "),
        ([], "which profile? There are grounding, "),
    ],
)
def test_profiles_that_do_not_exist(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["get", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_gpus_that_are_too_small(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from llmseg_core.runtime import gpu_memory

    assert main(["get", "grounding", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "about 13 GB of GPU memory, here is: none, and on a CPU an answer takes minutes" in said
    assert "made for that: llmseg get cpu" in said
    small = gpu_memory.GpuMemory("Small GPU", 3 * 2**30, 8 * 2**30)
    monkeypatch.setattr(gpu_memory, "gpu_memories", lambda: [small])
    assert main(["get", "grounding", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "about 13 GB of GPU memory, here is: Small GPU, 3.0 of 8.0 GB free" in said
    assert "made for that: llmseg get grounding-small" in said
