# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from llmseg_training.trainer.trackers import TRACKERS, require_trackers, start_trackers


def test_what_is_unknown_or_not_installed_is_named() -> None:
    require_trackers(["tensorboard"])
    with pytest.raises(ValueError, match=r"report_to has 'paper', it must have of .*tensorboard"):
        require_trackers(["tensorboard", "paper"])
    missing = [name for name in TRACKERS if find_spec(name) is None]
    assert missing, "every tracker is installed here"
    for name in missing:
        with pytest.raises(ValueError, match=f"has '{name}', which is not installed: pip install"):
            require_trackers([name])


def test_values_come_to_tensorboard_and_settings_make_no_run_of_their_own(tmp_path: Path) -> None:
    (tracker,) = start_trackers(["tensorboard"], tmp_path, {"lora": {"rank": 8}})
    tracker.log({"train/loss": 0.5}, step=3)
    tracker.finish()
    (file,) = (tmp_path / "logs").iterdir()
    events = EventAccumulator(str(file)).Reload().Scalars("train/loss")
    assert [(event.step, event.value) for event in events] == [(3, 0.5)]


def test_nothing_is_reported_to_nobody(tmp_path: Path) -> None:
    assert start_trackers([], tmp_path, {}) == []
    assert not list(tmp_path.iterdir())


def test_a_folder_without_room_is_refused_before_a_thread_writes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(dir: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    message = r"needs 64 kB in .*logs to begin: No space left on device"
    with pytest.raises(ValueError, match=message):
        start_trackers(["tensorboard"], tmp_path, {})
