# SPDX-License-Identifier: Apache-2.0
"""Reading model directories in threads of their own, within a time limit.

A thread that waits for a file, as on a network drive that is gone, cannot be ended. It is a daemon,
so that the process can end; what it reads too late is thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread, Timer
from typing import TypeVar

from llmseg_core.config import RuntimeConfig
from llmseg_core.following.video import VideoTracker
from llmseg_core.methods.method import Method, inspect_method, load_method
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.model_dir.video_network import load_video_network

__all__ = ["LoadedModel", "Loading", "ModelLoader", "inspect_in_time"]

T = TypeVar("T")

MOST_AT_ONCE = 3
"""models that may be read at the same time, those included that were given up"""

INSPECTION_S = 2.0
"""seconds that looking at a model directory's files may take"""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes:
        method: the model.
        directory: where it came from; "embedded" is the packaged model.
        runtime: where it runs.
        load_s: how long loading took, in seconds.
        shared: its frozen networks, for models that are loaded beside it.
        video: follows by SAM 2's memory; None where none was asked for.
    """

    method: Method
    directory: str
    runtime: RuntimeConfig
    load_s: float
    shared: SharedNetworks = field(default_factory=SharedNetworks)
    video: VideoTracker | None = None


@dataclass(frozen=True)
class Loading:
    """A model that is being loaded.

    Attributes:
        directory: the model directory.
        future: gets the model, or what went wrong; TimeoutError when the time is over.
        thread: reads it, perhaps for longer.
        began_at: time.monotonic().
    """

    directory: str
    future: Future[LoadedModel]
    thread: Thread
    began_at: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began_at


class ModelLoader:
    """Loads models; what is never done, as files that hang, does not pile up."""

    def __init__(self) -> None:
        """Loads nothing yet."""
        self._begun: list[Loading] = []

    def refusal(self) -> str:
        """Why no other model can be loaded now; empty if one can."""
        self._begun = [loading for loading in self._begun if loading.thread.is_alive()]
        if len(self._begun) < MOST_AT_ONCE:
            return ""
        names = ", ".join(loading.directory for loading in self._begun)
        return f"{len(self._begun)} models are still being read: wait until one is done ({names})"

    def start(
        self,
        directory: str,
        runtime: RuntimeConfig,
        timeout_s: float,
        shared: SharedNetworks | None = None,
        following_model: str = "",
    ) -> Loading:
        """Begins to load a model directory.

        Args:
            directory: the model directory.
            runtime: where it will run.
            timeout_s: seconds after which it is given up.
            shared: frozen networks of a model in memory, used again where the files are the same.
            following_model: folder of SAM 2 with its memory; empty: none is loaded.

        Raises:
            RuntimeError: too many are being read.
        """
        if reason := self.refusal():
            raise RuntimeError(reason)
        networks = shared or SharedNetworks()
        start = time.monotonic()

        def load() -> LoadedModel:
            method = load_method(directory, runtime, networks)
            video = None
            if following_model:
                video = VideoTracker(load_video_network(following_model, runtime, networks))
            took = time.monotonic() - start
            return LoadedModel(method, directory, runtime, took, networks, video)

        late = f"loading {directory} took longer than load_timeout_s = {timeout_s:g} s"
        loading = Loading(directory, *_in_thread(load, timeout_s, late))
        self._begun.append(loading)
        return loading


def inspect_in_time(directory: str) -> None:
    """Sees whether a directory is a model's, by its configuration and the names of its files.

    Raises:
        TimeoutError: the files could not be read within `INSPECTION_S`.
        Exception: whatever `inspect_method` raises.
    """
    late = f"the files of {directory} could not be read within {INSPECTION_S:g} s"
    future, _ = _in_thread(lambda: inspect_method(directory), INSPECTION_S, late)
    future.result()


def _in_thread(work: Callable[[], T], timeout_s: float, late: str) -> tuple[Future[T], Thread]:
    """The future of `work`, which gets TimeoutError with the text `late` after `timeout_s`."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # whatever a foreign file does, somebody waits for it
            is_common = isinstance(error, Exception)
            with suppress(InvalidStateError):  # the time is over
                future.set_exception(error if is_common else RuntimeError(repr(error)))
        else:
            with suppress(InvalidStateError):
                future.set_result(result)

    def give_up() -> None:
        with suppress(InvalidStateError):  # just done
            future.set_exception(TimeoutError(late))

    timer = Timer(timeout_s, give_up)
    timer.daemon = True
    future.add_done_callback(lambda _: timer.cancel())
    timer.start()
    thread = Thread(target=run, name="llmseg_model_loading", daemon=True)
    thread.start()
    return future, thread
