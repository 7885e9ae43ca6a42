# SPDX-License-Identifier: Apache-2.0
"""What a call cannot do without: products of matrices, and weights that are read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from llmseg_core.runtime.compute_rate import ComputeRate

__all__ = ["Bandwidth", "CountedWork", "counted_work", "measured_bandwidth"]

T = TypeVar("T")


def _attention_flops(
    query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: object, **__: object
) -> int:
    """Scores and weighted sum; several heads of the query may share one of key and value.

    The own count of PyTorch 2.11 does not know such heads, and no version counts a CPU's attention.
    """
    images, heads, queries, width = query
    return 2 * images * heads * queries * key[2] * (width + value[3])


FORMULAS = {
    torch.ops.aten._scaled_dot_product_cudnn_attention: _attention_flops,
    torch.ops.aten._scaled_dot_product_efficient_attention: _attention_flops,
    torch.ops.aten._scaled_dot_product_flash_attention: _attention_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
}
"""counted here and not as PyTorch counts them"""


@dataclass(frozen=True)
class Bandwidth:
    """How fast weights are read.

    Attributes:
        bytes_a_second: None where caches make it no bound, as on a CPU.
        source: where the number is from, for people.
    """

    bytes_a_second: float | None
    source: str


@dataclass(frozen=True)
class CountedWork:
    """The work of one call.

    Attributes:
        flops: of products of matrices, convolutions and attention, as PyTorch counts them; what it
            does not know counts nothing.
        weight_bytes: of the weights of every layer that was called, each time that it was.
        image_encodings: calls of image encoders.
    """

    flops: int
    weight_bytes: int
    image_encodings: int

    def bound_ms(self, rate: ComputeRate, bandwidth: Bandwidth) -> float:
        """The least time for it, milliseconds: a part of it may be done while another waits."""
        reading = 0.0
        if bandwidth.bytes_a_second is not None:
            reading = 1e3 * self.weight_bytes / bandwidth.bytes_a_second
        return max(rate.milliseconds(self.flops), reading)


def counted_work(
    networks: Sequence[nn.Module],
    image_encoders: Sequence[nn.Module],
    call: Callable[..., T],
    *arguments: Any,
) -> tuple[T, CountedWork]:
    """What a call returns, and its work; it takes longer than it would by itself.

    Args:
        networks: whose weights are counted.
        image_encoders: whose calls are.
        call: is called once.
        arguments: of the call.
    """
    read, encodings = [0], [0]

    def reads(module: nn.Module, _: object) -> None:
        read[0] += sum(each.numel() * each.element_size() for each in module.parameters(False))

    def encodes(_: nn.Module, __: object) -> None:
        encodings[0] += 1

    layers = {id(each): each for network in networks for each in network.modules()}
    tables = (nn.Embedding,)  # of which a call reads some rows alone
    hooks = [
        layer.register_forward_pre_hook(reads)
        for layer in layers.values()
        if next(layer.parameters(False), None) is not None and not isinstance(layer, tables)
    ]
    hooks += [each.register_forward_pre_hook(encodes) for each in image_encoders]
    try:
        with FlopCounterMode(display=False, custom_mapping=FORMULAS) as counter:
            result = call(*arguments)
    finally:
        for hook in hooks:
            hook.remove()
    return result, CountedWork(counter.get_total_flops(), read[0], encodings[0])


def measured_bandwidth(device: torch.device, repeats: int = 7) -> Bandwidth:
    """What copying a large tensor reaches on a GPU, its reading and writing together."""
    if device.type != "cuda":
        return Bandwidth(None, "")
    numbers = torch.zeros(2**30, dtype=torch.uint8, device=device)
    best = float("inf")
    for _ in range(repeats):
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        numbers.clone()
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    rate = 2 * numbers.numel() / best
    return Bandwidth(rate, f"memory measured at {rate / 1e9:.0f} GB/s")
