# SPDX-License-Identifier: Apache-2.0
"""The shipped profiles, and what a file of profiles may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from llmseg_core.config import ConceptConfig, GroundingConfig, TwoStageConfig
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.model_dir.profiles import (
    Part,
    load_profiles,
    profile_folder,
    profiles_within,
    read_profiles,
)

CONFIGS = {
    "concept": ConceptConfig, "grounding": GroundingConfig, "two_stage": TwoStageConfig,
}  # fmt: skip
FREE = {"apache-2.0", "mit", "bsd-3-clause"}


def test_what_is_written_as_llmseg_yaml_names_the_parts() -> None:
    profiles = load_profiles()
    assert {"paper", "grounding", "grounding-small", "two-stage", "cpu"} <= set(profiles)
    for name, profile in profiles.items():
        if profile.llmseg_yaml is None:
            continue
        values = yaml.safe_load(profile.llmseg_yaml)
        config = CONFIGS[values["method"]].from_dict(values)
        assert config.profile == name
        named = {config.sam}
        if isinstance(config, TwoStageConfig):
            named |= {config.locator}
        if config.vlm is not None:
            named |= {config.vlm.path}
        assert named == set(profile.parts)


def test_only_who_asks_for_it_gets_a_gated_or_less_free_profile() -> None:
    for name, profile in load_profiles().items():
        assert profile.is_gated is (name == "concept")
        assert set(profile.licences) <= FREE or name == "concept"
    assert not {"concept"} & set(profiles_within(24, load_profiles()))


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("config.json", True),
        ("model.safetensors", True),
        ("model-00001-of-00002.safetensors", True),
        ("model.fp16.safetensors", False),
        ("pytorch_model.bin", False),
        ("modeling_florence2.py", False),
        ("onnx/model.safetensors", False),
        ("../model.safetensors", False),
    ],
)
def test_which_files_are_taken(name: str, taken: bool) -> None:
    part = Part(repository="a/b", licence="mit", download_gb=1, figures="published")
    assert part.takes(name) is taken


PART = {"repository": "a/b", "licence": "mit", "download_gb": 1.0, "figures": "published"}
PROFILE = {
    "good_for": "tests", "gpu_memory_gb": 1, "launch": "", "llmseg_yaml": "a", "parts": {"p": PART},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpu_memory_gb": -1}, "tiny: gpu_memory_gb is -1, it must be at least 0"),
        ({"missing": "x"}, "it must be with either llmseg_yaml or missing"),
        ({"parts": {"p": {**PART, "figures": "guessed"}}}, "figures is 'guessed', it must be one"),
        ({"parts": {"p": {**PART, "files": ["a.bin"]}}}, "files is 'a.bin', it must be the name"),
        ({"parts": {"p": {**PART, "size": 3}}}, "tiny: parts: p has the unknown key 'size'"),
    ],
)
def test_wrong_profiles(tmp_path: Path, change: dict[str, object], message: str) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text(yaml.safe_dump({"tiny": PROFILE}), encoding="utf-8")
    assert read_profiles(file)["tiny"].download_gb == 1
    file.write_text(yaml.safe_dump({"tiny": {**PROFILE, **change}}), encoding="utf-8")
    with pytest.raises(ValueError) as error:
        read_profiles(file)
    assert message in str(error.value)


def test_names_of_profiles_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the name comes first; what is no profile and no folder says what is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"'cpu' is not on this .*: llmseg get cpu download"
    ):
        model_directory("cpu")
    with pytest.raises(
        FileNotFoundError, match=r"model directory cpus does not exist; .*two-stage"
    ):
        model_directory("cpus")
    with pytest.raises(FileNotFoundError, match="the model directory is '', it must be a path"):
        model_directory("")
    usual = profile_folder("cpu")
    for folder in (usual, tmp_path / "cpu"):
        folder.mkdir(parents=True)
        (folder / "llmseg.yaml").touch()
        assert model_directory("cpu").resolve() == folder
