# SPDX-License-Identifier: Apache-2.0
"""Loading a model in a thread of its own, within a time limit."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from threading import Thread

from llmseg_core.config import RuntimeConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.network_files import SharedNetworks

__all__ = ["LoadedModel", "load_model", "start_loading"]


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes:
        pipeline: the model.
        directory: where it came from; "embedded" is the packaged model.
        runtime: where it runs.
        load_s: how long loading took, in seconds.
        shared: its frozen networks, for models that are loaded beside it.
    """

    pipeline: LLMSegPipeline
    directory: str
    runtime: RuntimeConfig
    load_s: float
    shared: SharedNetworks = field(default_factory=SharedNetworks)


def start_loading(
    directory: str, runtime: RuntimeConfig, shared: SharedNetworks | None = None
) -> Future[LoadedModel]:
    """Begins to load a model directory; the future gets it, or what went wrong.

    Args:
        directory: the model directory.
        runtime: where it will run.
        shared: frozen networks of a model in memory, used again where the files are the same.
    """
    loading: Future[LoadedModel] = Future()
    networks = shared or SharedNetworks()
    start = time.monotonic()

    def load() -> None:
        try:
            pipeline = LLMSegPipeline.from_pretrained(directory, runtime, networks)
        except Exception as error:
            loading.set_exception(error)
        else:
            load_s = time.monotonic() - start
            loading.set_result(LoadedModel(pipeline, directory, runtime, load_s, networks))

    Thread(target=load, name="llmseg_model_loading").start()
    return loading


def load_model(directory: str, runtime: RuntimeConfig, timeout_s: float) -> LoadedModel:
    """Loads a model directory.

    Loading goes on in its thread when the time is over: a thread that waits for a file cannot be
    ended. Its result is then thrown away.

    Raises:
        TimeoutError: loading took longer than `timeout_s` seconds.
        Exception: whatever `LLMSegPipeline.from_pretrained` raises.
    """
    loading = start_loading(directory, runtime)
    try:
        return loading.result(timeout_s)
    except FutureTimeoutError:
        if loading.done():  # the model's own TimeoutError
            raise
        raise TimeoutError(
            f"loading {directory} took longer than load_timeout_s = {timeout_s:g} s"
        ) from None
