"""Loading the model within a time limit."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from threading import Thread

from llmseg_core.config import RuntimeConfig
from llmseg_core.pipeline import LLMSegPipeline

__all__ = ["LoadedModel", "load_model"]


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes:
        pipeline: the model.
        directory: where it came from; "embedded" is the packaged model.
        runtime: where it runs.
        load_s: how long loading took, in seconds.
    """

    pipeline: LLMSegPipeline
    directory: str
    runtime: RuntimeConfig
    load_s: float


def load_model(directory: str, runtime: RuntimeConfig, timeout_s: float) -> LoadedModel:
    """Loads a model directory.

    Loading goes on in its thread when the time is over: a thread that waits for a file cannot be
    ended. Its result is then thrown away.

    Raises:
        TimeoutError: loading took longer than `timeout_s` seconds.
        Exception: whatever `LLMSegPipeline.from_pretrained` raises.
    """
    loading: Future[LLMSegPipeline] = Future()

    def load() -> None:
        try:
            loading.set_result(LLMSegPipeline.from_pretrained(directory, runtime))
        except Exception as error:
            loading.set_exception(error)

    start = time.monotonic()
    Thread(target=load, name="llmseg_model_loading").start()
    try:
        pipeline = loading.result(timeout_s)
    except FutureTimeoutError:
        if loading.done():  # the model's own TimeoutError
            raise
        raise TimeoutError(
            f"loading {directory} took longer than load_timeout_s = {timeout_s:g} s"
        ) from None
    return LoadedModel(pipeline, directory, runtime, time.monotonic() - start)
