# SPDX-License-Identifier: Apache-2.0
"""Profiles: model directories that can be assembled from public weights, one YAML file of them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated

from llmseg_core.config.limits import AtLeast, NotBlank, OneOf
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require
from llmseg_core.config.yaml_file import read_mapping

__all__ = [
    "PROFILES_FILE",
    "Part",
    "Profile",
    "load_profiles",
    "profile_folder",
    "profile_named",
    "profiles_within",
    "read_profiles",
]

PROFILES_FILE = Path(__file__).with_name("profiles.yaml")
FOLDER = Path(".local/share/llmseg")
"""where profiles are put, from the user's home"""
DATA_SUFFIXES = (".safetensors", ".json", ".txt", ".model")
"""of files that are read as data; everything else could be run, or is not needed"""


@dataclass(frozen=True)
class Part(Settings):
    """One network of a profile: a repository on the hub, which becomes a sub-folder."""

    repository: Annotated[str, NotBlank("such as facebook/sam-vit-huge")]
    """its name on the hub"""
    licence: Annotated[str, NotBlank("such as apache-2.0")]
    """as the hub names it"""
    download_gb: Annotated[float, AtLeast(0)]
    """GB (10^9 bytes) of the files that are taken"""
    figures: Annotated[str, OneOf("published", "estimated")]
    """where `download_gb` comes from"""
    gated: bool = False
    """whether the hub gives it only to those who asked its owner"""
    revision: str = "main"
    """branch, tag or commit"""
    files: tuple[str, ...] = (
        *("config.json", "model.safetensors", "model-?????-of-?????.safetensors"),
        *("model.safetensors.index.json", "preprocessor_config.json", "processor_config.json"),
        *("generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model"),
        *("special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt"),
    )
    """names of the files that are taken where the repository has them, with * and ?"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.files:
            wanted = f"the name of a file with one of the suffixes {', '.join(DATA_SUFFIXES)}"
            require(name.endswith(DATA_SUFFIXES), "files", name, wanted)

    def takes(self, name: str) -> bool:
        """Whether a file of the repository is taken; none of a sub-folder is."""
        return PurePosixPath(name).name == name and any(fnmatch(name, each) for each in self.files)


@dataclass(frozen=True)
class Profile(Settings):
    """A model directory that can be assembled, and what one needs to choose it."""

    good_for: str
    """what it understands, for people"""
    gpu_memory_gb: Annotated[float, AtLeast(0)]
    """GB (2^30 bytes) of GPU memory, estimated; 0 where no GPU is needed"""
    launch: str
    """arguments for `ros2 launch` beside the model"""
    parts: dict[str, Part]
    """by the names of their sub-folders"""
    llmseg_yaml: str | None = None
    """what is written as `llmseg.yaml`; null where the parts alone are no model"""
    missing: str | None = None
    """what cannot be had, and what to do then; {folder} is where the parts are"""

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = "with either llmseg_yaml or missing"
        given = (self.llmseg_yaml is not None, self.missing is not None)
        require(sum(given) == 1, "profile", given, wanted)

    @property
    def download_gb(self) -> float:
        """GB (10^9 bytes) of all parts."""
        return sum(part.download_gb for part in self.parts.values())

    @property
    def is_published(self) -> bool:
        """Whether every figure of its download is published."""
        return all(part.figures == "published" for part in self.parts.values())

    @property
    def licences(self) -> tuple[str, ...]:
        """Those of its parts, each once."""
        return tuple(dict.fromkeys(part.licence for part in self.parts.values()))

    @property
    def is_gated(self) -> bool:
        """Whether the hub gives a part only to those who asked its owner."""
        return any(part.gated for part in self.parts.values())


def read_profiles(file: Path = PROFILES_FILE) -> dict[str, Profile]:
    """The profiles of a file, by name.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming profile, part and key of what is wrong.
    """
    return {
        name: Profile.from_dict(values, f"{file.name}: {name}")
        for name, values in read_mapping(file).items()
    }


@cache
def load_profiles() -> dict[str, Profile]:
    """The profiles of this package."""
    return read_profiles()


def profile_named(name: str, profiles: dict[str, Profile]) -> Profile:
    """The profile of a name.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    if name in profiles:
        return profiles[name]
    near = get_close_matches(name.lower(), profiles, n=2, cutoff=0.5)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(f"{name!r} is no profile; {meant}there are {', '.join(profiles)}")


def profiles_within(gpu_memory_gb: float, profiles: dict[str, Profile]) -> list[str]:
    """Names of the profiles that are whole models, not gated, and fit; the largest first.

    Args:
        gpu_memory_gb: GB (2^30 bytes); 0 where there is no GPU.
        profiles: to choose from.
    """
    fitting = [
        name
        for name, profile in profiles.items()
        if profile.llmseg_yaml is not None
        and not profile.is_gated
        and profile.gpu_memory_gb <= gpu_memory_gb
    ]
    return sorted(fitting, key=lambda name: -profiles[name].gpu_memory_gb)


def profile_folder(name: str) -> Path:
    """Where `llmseg get` puts a profile unless it is told another place."""
    return Path.home() / FOLDER / name
