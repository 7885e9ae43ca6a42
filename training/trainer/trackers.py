# SPDX-License-Identifier: Apache-2.0
"""Where the log of a training goes besides the terminal: TensorBoard, Weights & Biases, MLflow, ...

They are accelerate's trackers, of which each needs its own package.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

__all__ = ["TRACKERS", "require_trackers", "start_trackers"]

TRACKERS = tuple(str(name) for name in LOGGER_TYPE_TO_CLASS)
"""their names, which are those of the packages that they need"""
PROJECT = "llmseg"
LOGS = "logs"
"""TensorBoard's folder in that of the training"""
ROOM = 2**16
"""bytes without which a log is not begun"""


def require_trackers(names: Sequence[str]) -> None:
    """Find out before a training whether its log can go where it shall.

    Raises:
        ValueError: naming what is unknown or not installed.
    """
    for name in names:
        if name not in TRACKERS:
            raise ValueError(f"report_to has {name!r}, it must have of {', '.join(TRACKERS)}")
        if find_spec(name) is None:
            raise ValueError(
                f"report_to has {name!r}, which is not installed: pip install "
                f"{name.replace('_', '-')}, or leave it out"
            )


def start_trackers(
    names: Sequence[str], folder: Path, recipe: Mapping[str, Any]
) -> list[GeneralTracker]:
    """Begin a run in each of them; only one process does.

    Args:
        names: some of `TRACKERS`.
        folder: of the training, whose name the run gets.
        recipe: settings that are noted with the run.

    Raises:
        ValueError: if one cannot begin, with its own words.
    """
    require_trackers(names)
    if "tensorboard" in names:
        _require_room(folder / LOGS)
    trackers = [_tracker(name, folder) for name in names]
    for tracker in trackers:
        try:
            if hasattr(tracker, "start"):  # older ones have started already
                tracker.start()
            if tracker.name != "tensorboard":  # it would write a run of its own for them
                tracker.store_init_configuration(_flat(recipe))
        except Exception as error:  # a server, an account or a setting of theirs
            raise ValueError(f"report_to has {tracker.name!r}, which says: {error}") from error
    return trackers


def _require_room(folder: Path) -> None:
    """Refuse a folder without room, in which TensorBoard's own thread would print a traceback."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(ROOM))
    except OSError as error:
        raise ValueError(
            f"report_to has 'tensorboard', which needs {ROOM // 1024} kB in {folder} to begin: "
            f"{error.strerror}"
        ) from error


def _tracker(name: str, folder: Path) -> GeneralTracker:
    run = folder.resolve().name
    options: dict[str, dict[str, Any]] = {
        "tensorboard": {"run_name": LOGS, "logging_dir": str(folder)},
        "wandb": {"run_name": PROJECT, "name": run, "dir": str(folder)},
        "mlflow": {"experiment_name": PROJECT, "run_name": run},
    }
    kind = LOGGER_TYPE_TO_CLASS[name]
    if name in options:
        return kind(**options[name])
    return kind(PROJECT, logging_dir=folder) if kind.requires_logging_directory else kind(PROJECT)


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings without sections: {"lora.rank": 8}."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = value if isinstance(value, bool | int | float) else str(value)
    return flat
