# SPDX-License-Identifier: Apache-2.0
"""A network's pass on a GPU, recorded once and played back: CUDA graphs.

A large network is thousands of kernels. To start them one by one takes a CPU longer than a fast GPU
takes to compute them; a recording starts all of them at once, and they compute the same numbers.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor, nn

__all__ = ["Pass", "Recordable", "Recorded", "record_on_gpu"]

Pass: TypeAlias = Callable[..., tuple[Tensor, ...]]
"""Of tensors on one device to tensors there."""

MOST_SHAPES = 4
"""shapes of inputs of which recordings are kept; the one that was played least recently goes"""

_LOG = logging.getLogger(__name__)


@runtime_checkable
class Recordable(Protocol):
    """A part of a method whose network's passes can be recorded."""

    def record_on_gpu(self) -> None:
        """Let a GPU record them from now on."""


def record_on_gpu(*parts: Any) -> None:
    """Let the parts that can do so record their passes, where they are on a GPU."""
    for part in parts:
        if isinstance(part, Recordable):
            part.record_on_gpu()


@dataclass(frozen=True)
class _Recording:
    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class Recorded:
    """A pass that is recorded when its inputs have the same shapes for the second time.

    What cannot be recorded goes on as it stands: on another device, while hooks watch the network,
    which a recording would not call, or if recording failed once, which is logged (PyTorch 2.11 may
    draw no random numbers on that GPU after that). For inference alone and for any thread. A
    recording keeps the memory of the pass.

    Args:
        work: the pass. What it does may depend on the shapes of its inputs alone, and it may not
            wait for the GPU. Weights may change; that they moved is noticed by the first of them.
        network: whose weights it uses.
    """

    def __init__(self, work: Pass, network: nn.Module) -> None:
        self.work, self.network = work, network
        self._modules = tuple(network.modules())
        self._lock = threading.Lock()
        self._seen: set[object] = set()
        self._recordings: OrderedDict[object, _Recording] = OrderedDict()
        self._played: torch.cuda.Event | None = None
        self._failed = False

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the pass gives; nobody else writes into it."""
        device = inputs[0].device
        if device.type != "cuda" or self._failed or self._watched():
            return self.work(*inputs)
        weight = next(self.network.parameters())
        key = weight.data_ptr(), *((each.shape, each.dtype) for each in inputs)
        with self._lock, torch.cuda.device(device):  # which need not be the current one
            if key not in self._seen:  # sets up libraries, and many shapes come once only
                self._seen.add(key)
                return self.work(*inputs)
            if self._played is not None:
                torch.cuda.current_stream().wait_event(self._played)
            recording = self._recordings.get(key) or self._record(key, inputs)
            if recording is None:
                return self.work(*inputs)
            self._recordings.move_to_end(key)
            for own, given in zip(recording.inputs, inputs, strict=True):
                own.copy_(given)
            recording.graph.replay()
            outputs = tuple(each.clone() for each in recording.outputs)
            self._played = torch.cuda.current_stream().record_event()
            return outputs

    def _watched(self) -> bool:
        """Whether there are hooks; those of transformers are part of the pass."""
        return any(
            not str(hook.__module__).startswith("transformers.")
            for each in self._modules
            for hooks in (each._forward_hooks, each._forward_pre_hooks)
            for hook in hooks.values()
        )

    def _record(self, key: object, inputs: tuple[Tensor, ...]) -> _Recording | None:
        """The newest recording; None if there can be none."""
        torch.cuda.synchronize()  # what goes may be playing still
        while len(self._recordings) >= MOST_SHAPES:
            self._recordings.popitem(last=False)
        own, graph = tuple(each.clone() for each in inputs), torch.cuda.CUDAGraph()
        stream = torch.cuda.Stream()
        try:
            # other threads may go on using the GPU, such as one that loads another model
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                outputs = self.work(*own)
        except RuntimeError as error:  # out of memory, too
            self._failed = True
            self._recordings.clear()
            reason = str(error).partition("\n")[0]
            _LOG.warning(
                "%s is not recorded on the GPU, which costs speed: %s",
                type(self.network).__name__,
                reason,
            )
            return None
        self._recordings[key] = _Recording(graph, own, outputs)
        return self._recordings[key]
