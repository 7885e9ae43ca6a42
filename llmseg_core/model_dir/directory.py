# SPDX-License-Identifier: Apache-2.0
"""Which folder is meant by a model's name, and which method it holds."""

from __future__ import annotations

from pathlib import Path

from llmseg_core.config.yaml_file import read_mapping

from .profiles import load_profiles, profile_folder

__all__ = ["CONFIG_FILE", "EMBEDDED", "method_name", "model_directory"]

CONFIG_FILE = "llmseg.yaml"
EMBEDDED = Path(__file__).resolve().parents[1] / "embedded"


def model_directory(directory: str | Path) -> Path:
    """The folder that `directory` means.

    Args:
        directory: a path, "embedded" for the packaged model, or the name of a profile that
            `llmseg get` has put in its usual place; a folder of that name comes first.

    Raises:
        FileNotFoundError: if it is no folder or has no `llmseg.yaml`; says how to get a profile.
    """
    path = EMBEDDED if str(directory) == "embedded" else Path(directory).expanduser()
    profile = load_profiles().get(str(directory))
    if profile is not None and not path.is_dir():
        path = profile_folder(str(directory))
        if not path.is_dir():
            raise FileNotFoundError(
                f"the profile {str(directory)!r} is not on this machine yet: "
                f"llmseg get {directory} downloads it (about {profile.download_gb:.1f} GB)"
            )
    if directory == "":  # which is the folder that we are in, as a path
        raise FileNotFoundError(
            "the model directory is '', it must be a path, embedded, or a profile (llmseg get "
            "--list)"
        )
    if not path.is_dir():
        is_there = "is no folder" if path.exists() else "does not exist"
        raise FileNotFoundError(
            f"model directory {path} {is_there}; it must be a path, embedded, or a profile: "
            f"{', '.join(load_profiles())} (llmseg get --list)"
        )
    if not (path / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"{path} is no model directory: it has no {CONFIG_FILE}")
    return path


def method_name(directory: str | Path) -> str:
    """The method that a model directory holds, whether or not there is such a one.

    Raises:
        FileNotFoundError: if it is no model directory.
        ValueError: if its `llmseg.yaml` is no YAML mapping.
    """
    values = read_mapping(model_directory(directory) / CONFIG_FILE)
    return str(values.get("method", "llm_seg"))
