# SPDX-License-Identifier: Apache-2.0
"""Folders of checkpoints, which are there as a whole or not at all.

FOLDER/checkpoint-N/               what a training needs to go on after N steps
FOLDER/checkpoint-N/complete       empty; a folder without it is not one of these
FOLDER/checkpoint-N.unfinished/    being written, or left behind by a crash
FOLDER/checkpoint-N.damaged/       was complete, but cannot be read any more
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from llmseg_core.runtime.whole_folder import folder_to_disk

from .plan import TrainingPlan

__all__ = [
    "begin_checkpoint",
    "end_checkpoint",
    "last_checkpoint",
    "random_state",
    "refuse_obstacles",
    "remove_unfinished",
    "set_damaged_aside",
    "set_random_state",
    "step_of",
]

COMPLETE = "complete"
KEPT = 2
"""checkpoints that stay; older ones are removed"""
_NAME = re.compile(r"checkpoint-(\d+)")
_UNFINISHED, _DAMAGED = ".unfinished", ".damaged"
_NUMPY: list[Any] = [np.empty(0).__reduce__()[0], np.ndarray, np.dtype, type(np.dtype(np.uint32))]
"""what the state of numpy's generator is made of"""


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint in `folder`, or None."""
    return max(_complete(folder), key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Steps that had been taken when a checkpoint was written."""
    match = _NAME.fullmatch(checkpoint.name)
    assert match is not None, checkpoint
    return int(match[1])


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash left behind of checkpoints in `folder`, and nothing else."""
    for path in folder.glob(f"checkpoint-*{_UNFINISHED}"):
        if _NAME.fullmatch(path.name.removesuffix(_UNFINISHED)):
            shutil.rmtree(path)


def set_damaged_aside(folder: Path, needed: Iterable[str]) -> None:
    """Rename checkpoints in `folder` that cannot be read, newest first, down to one that can.

    A training then goes on from that one; each that is renamed is told.

    Args:
        folder: of the training.
        needed: files that a checkpoint must have.

    Raises:
        ValueError: if there are checkpoints, but none can be read.
    """
    found = sorted(_complete(folder), key=step_of, reverse=True)
    damage = {}
    for checkpoint in found:
        what = _damage(checkpoint, needed)
        if what is None:
            break
        damage[checkpoint] = what
    if damage and len(damage) == len(found):
        told = "; ".join(f"{checkpoint.name}: {what}" for checkpoint, what in damage.items())
        raise ValueError(
            f"no checkpoint in {folder} can be read ({told}): remove them to begin anew"
        )
    for checkpoint, what in damage.items():
        aside = checkpoint.with_name(checkpoint.name + _DAMAGED)
        if aside.exists():
            shutil.rmtree(aside)
        checkpoint.rename(aside)
        print(
            f"warning: {checkpoint} is damaged ({what}): it is {aside.name} now, and the training "
            f"goes on from the checkpoint before it",
            file=sys.stderr,
        )


def _damage(checkpoint: Path, needed: Iterable[str]) -> str | None:
    """What is wrong with a checkpoint, None if every file can be read."""
    for name in needed:
        if not (checkpoint / name).is_file():
            return f"{name} is missing"
    for file in sorted(path for path in checkpoint.rglob("*") if path.is_file()):
        try:
            if file.suffix == ".safetensors":
                with safe_open(file, "pt"):
                    continue
            elif file.suffix == ".json":
                json.loads(file.read_bytes())
            elif file.suffix in (".pt", ".pth"):
                with zipfile.ZipFile(file) as parts:  # torch's own format, with checksums
                    if (bad := parts.testzip()) is not None:
                        return f"{file.name}: {bad} is damaged"
        except (SafetensorError, ValueError, OSError, zipfile.BadZipFile, RecursionError) as error:
            return f"{file.name}: {error}"
    return None


def refuse_obstacles(plan: TrainingPlan) -> None:
    """Find out at once, not hours later, whether something stands where a checkpoint will be.

    Raises:
        ValueError: naming what does.
    """
    done = last_checkpoint(plan.folder)
    for step in range(1 if done is None else step_of(done) + 1, plan.steps + 1):
        path = plan.folder / f"checkpoint-{step}"
        written = step == plan.steps or step % plan.save_steps == 0
        if written and path.exists() and not (path / COMPLETE).exists():
            raise ValueError(
                f"{path} is in the way of a checkpoint: it holds no file {COMPLETE!r}, so it is "
                f"another program's, or was cut short by an earlier version. Move it away"
            )


def begin_checkpoint(folder: Path, step: int, make: bool) -> Path:
    """The folder to write the checkpoint after `step` steps to; one process is to make it."""
    path = folder / f"checkpoint-{step}{_UNFINISHED}"
    if make:
        path.mkdir(parents=True)
    return path


def end_checkpoint(written: Path) -> None:
    """Let what was written to `written` be a checkpoint; the oldest ones go."""
    (written / COMPLETE).touch()
    folder_to_disk(written)
    written.rename(written.with_name(written.name.removesuffix(_UNFINISHED)))
    for old in sorted(_complete(written.parent), key=step_of)[:-KEPT]:
        shutil.rmtree(old)


def random_state() -> dict[str, Any]:
    """Where all generators of this process stand."""
    state = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "cpu": torch.random.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(file: Path) -> None:
    """Let all generators of this process go on from a state that was stored."""
    with torch.serialization.safe_globals(_NUMPY):
        state = torch.load(file, weights_only=True)
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.random.set_rng_state(state["cpu"])
    if torch.cuda.is_available() and "cuda" in state:
        gpus = state["cuda"]  # a list has one for each GPU of the machine
        torch.cuda.set_rng_state(
            gpus[torch.cuda.current_device()] if isinstance(gpus, list) else gpus
        )


def _complete(folder: Path) -> list[Path]:
    found = folder.glob("checkpoint-*") if folder.is_dir() else []
    return [path for path in found if _NAME.fullmatch(path.name) and (path / COMPLETE).exists()]
