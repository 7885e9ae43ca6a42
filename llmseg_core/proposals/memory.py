# SPDX-License-Identifier: Apache-2.0
"""How many prompts everything mode works on at a time, from the memory that it may take."""

from __future__ import annotations

from dataclasses import dataclass

from .sam_decoder import SamPointDecoder

__all__ = ["MemoryPlan"]

GPU_BUDGET_MB = 4096
"""MB (2^20 bytes) on a GPU where nothing else is said."""

CPU_TOKENS = 16 * 2**20
"""Bytes of image tokens that a CPU decodes at once: enough for its threads, and cached by most."""

CPU_LOGITS = 64 * 2**20
"""Bytes of full-resolution logits on a CPU, which takes masks one at a time anyway."""


@dataclass(frozen=True)
class MemoryPlan:
    """Sizes of the steps of everything mode. They change its speed, not its masks.

    Attributes:
        points: prompts decoded at once.
        drawn: prompts whose low-resolution masks are drawn at once.
        full_bytes: of full-resolution logits and masks that may be there at once.
        waiting_bytes: of low-resolution logits that may wait on the device for NMS; what is more
            waits in the host's memory.
    """

    points: int
    drawn: int
    full_bytes: int
    waiting_bytes: int

    @classmethod
    def make(
        cls, decoder: SamPointDecoder, budget_mb: int | None, points: int | None = None
    ) -> MemoryPlan:
        """The plan for a budget.

        Half of the budget is for prompts that are decoded and drawn, a quarter for masks at full
        resolution, a quarter for logits that wait. Weights, the image encoder, which is done
        before, and the masks that are returned come on top.

        Args:
            decoder: its device, number format and sizes count.
            budget_mb: MB (2^20 bytes); None takes `GPU_BUDGET_MB` on a GPU, and on a CPU what its
                caches hold.
            points: prompts decoded at once, if the caller wants a number of its own.

        Raises:
            ValueError: if the budget is too small for one point.
        """
        device, once, per_point = decoder.model.device, *decoder.memory_of_points()
        if device.type == "cpu" and budget_mb is None:
            points = points or max(1, CPU_TOKENS // decoder.token_bytes)
            return cls(points, max(1, points // 4), CPU_LOGITS, CPU_LOGITS)
        budget = (GPU_BUDGET_MB if budget_mb is None else budget_mb) * 2**20
        fitting = (budget // 2 - once) // per_point
        if fitting < 1:
            least = -(-2 * (once + per_point) // 2**20)
            raise ValueError(
                f"memory_budget_mb is {budget // 2**20}, too small for one point: this SAM in "
                f"{str(decoder.model.dtype).removeprefix('torch.')} needs at least {least}"
            )
        if device.type == "cpu":
            fitting = min(fitting, max(1, CPU_TOKENS // decoder.token_bytes))
        points = points or fitting
        return cls(points, max(1, points // 4), budget // 4, budget // 4)
