# SPDX-License-Identifier: Apache-2.0
"""What the proposals in a folder were made with: `proposals.yaml`."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from llmseg_core.config import ProposalConfig
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.model_dir.weights_digest import sam_digest
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_file import write_whole

__all__ = ["SETTINGS_FILE", "SamInUse", "check_made_with", "keep_made_with", "sam_of"]

SETTINGS_FILE = "proposals.yaml"


@dataclass(frozen=True)
class SamInUse:
    """Which SAM proposes.

    Attributes:
        weights: digest of its weights and sizes, see `network_digest`.
        dtype: number format that it computes in, such as "float32"; None where proposals of any
            are taken.
    """

    weights: str
    dtype: str | None

    def settings(self) -> dict[str, Any]:
        """As `proposals.yaml` has it."""
        dtype = {} if self.dtype is None else {"sam_dtype": self.dtype}
        return {"sam_weights": self.weights, **dtype}


def sam_of(model: str | Path, dtype: object = None) -> SamInUse:
    """The SAM of a model directory.

    Args:
        model: the directory, or "embedded".
        dtype: `torch.dtype` that it computes in, None for any.
    """
    name = None if dtype is None else str(dtype).removeprefix("torch.")
    return SamInUse(sam_digest(model), name)


def keep_made_with(
    folder: Path, data: str, config: ProposalConfig | None, sam: SamInUse | None
) -> None:
    """Note what proposals are made with, or refuse a folder that was made with anything else.

    Nothing is noted about proposals that are there without a note.

    Args:
        folder: of the proposals; made if it is not there.
        data: name of the data set.
        config: settings; None notes and checks nothing.
        sam: who proposes; None notes and checks nothing.

    Raises:
        ValueError: naming both values.
    """
    settings = _settings(config, sam)
    if not settings:
        return
    file = folder / SETTINGS_FILE
    if not file.is_file():
        with locked(folder, wait=True):  # several processes may begin at once
            if not file.is_file() and next(folder.rglob("[!.]*.json"), None) is None:
                text = yaml.safe_dump({"data": data, **settings}, sort_keys=False)
                write_whole(file, text)
    _check(folder, {"data": data, **settings})


def check_made_with(folder: Path, config: ProposalConfig | None, sam: SamInUse | None) -> None:
    """Refuse proposals that were made with anything else; what nobody noted is taken, and told.

    Raises:
        ValueError: naming both values.
    """
    if settings := _settings(config, sam):
        _check(folder, settings)


def _settings(config: ProposalConfig | None, sam: SamInUse | None) -> dict[str, Any]:
    """What of the settings changes the proposals, and not the speed alone."""
    plain = {} if config is None else asdict(config)
    plain.pop("points_per_batch", None)
    return {**plain, **({} if sam is None else sam.settings())}


def _check(folder: Path, wanted: dict[str, Any]) -> None:
    file = folder / SETTINGS_FILE
    stored: dict[str, Any] = {}
    if file.is_file():  # a setting that it does not name had its default then
        stored = {**_settings(ProposalConfig(), None), **read_mapping(file)}
    missing = [key for key in wanted if key not in stored]
    other = [key for key in wanted if key in stored and stored[key] != wanted[key]]
    if other:
        differences = ", ".join(f"{key} {stored[key]}, not {wanted[key]}" for key in other)
        raise ValueError(
            f"the proposals in {folder} were made with {differences}: use another folder, or the "
            f"model that they were made with"
        )
    if missing and next(folder.rglob("[!.]*.json"), None) is not None:
        print(
            f"warning: {folder} does not say with which {', '.join(missing)} its proposals were "
            f"made; they are taken as they are",
            file=sys.stderr,
        )
