# SPDX-License-Identifier: Apache-2.0
"""A process that reads malformed files, so that one that ends it or hangs it is found."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
import warnings
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from .cases import Case

__all__ = ["CheckerProcess", "failure_text"]

START = "spawn"
"""how the process comes into being: by itself, without this one's threads"""

ANSWERS_S = 5.0
HANGS_S = 60.0
"""seconds after which a check hangs"""


class CheckerProcess:
    """Checks cases in another process; it is started again when a case ends it.

    A context manager.

    Attributes:
        restarts: how often it was started again.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self._folder = Path(tempfile.mkdtemp(prefix="llmseg_fuzz_"))

    def __enter__(self) -> CheckerProcess:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()  # it ends when nobody asks any more
        self._process.join(ANSWERS_S)
        self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def check(self, kind: str, case: Case) -> tuple[str, str]:
        """Why a case was refused, perhaps "", and what went wrong, "" if nothing did."""
        try:
            self._pipe.send((kind, case))
            if self._pipe.poll(HANGS_S):
                return self._pipe.recv()
            reason = f"it hangs for {HANGS_S:g} s"
        except (EOFError, OSError):
            self._process.join(HANGS_S)
            reason = f"the process ended with status {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        self.restarts += 1
        self._start()
        return "", reason

    def _start(self) -> None:
        context = get_context(START)
        self._pipe, theirs = context.Pipe()
        folder = tempfile.mkdtemp(dir=self._folder)
        self._process = context.Process(target=_serve, args=(theirs, folder), daemon=True)
        self._process.start()
        theirs.close()


def failure_text(error: BaseException) -> str:
    """What went wrong and where, without the values: one text for a class of failures."""
    from .node_checks import same_class

    place = traceback.extract_tb(error.__traceback__)[-1]
    text = same_class(f"{type(error).__name__}: {error}")
    return f"{text} ({Path(place.filename).name}:{place.lineno})"


def _serve(pipe: Connection, folder: str) -> None:
    """The process: answers cases until nobody asks."""
    from . import file_checks

    warnings.simplefilter("ignore")
    with Path(os.devnull).open("w") as nowhere:  # progress bars
        os.dup2(nowhere.fileno(), 2)
    checks: dict[str, Any] = {}
    while True:
        try:
            kind, case = pipe.recv()
        except EOFError:
            return
        if kind not in checks:
            checks[kind] = file_checks.file_checks()[kind](Path(tempfile.mkdtemp(dir=folder)))
        try:
            answer = checks[kind].check(case), ""
        except Exception as error:
            answer = "", failure_text(error)
        pipe.send(answer)
