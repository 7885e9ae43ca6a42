# SPDX-License-Identifier: Apache-2.0
"""Every method with random weights: a new frame, then a new instruction, beside lower bounds."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from llmseg_core.config import RuntimeConfig
from llmseg_core.runtime.compute_rate import compute_rate
from llmseg_core.runtime.device import torch_device, torch_dtype

from .any_method import NEW_FRAME, NEW_INSTRUCTION, measure_method
from .counted_work import CountedWork, counted_work, measured_bandwidth
from .method_models import MeasuredMethod, random_method
from .method_sizes import METHOD_SIZES
from .models import INSTRUCTIONS

__all__ = ["measure_methods"]


def measure_methods(
    names: Sequence[str],
    sizes: str,
    runtime: RuntimeConfig,
    frames: Sequence[np.ndarray],
    repeats: int,
) -> dict[str, Any]:
    """The report for JSON, a method a key.

    A bound is the larger of two times: of the products of matrices at the device's rate, and on a
    GPU of reading the weights of each layer that is called, once a call, at its bandwidth.

    Args:
        names: of the methods.
        sizes: one of `METHOD_SIZES`.
        runtime: device and number format.
        frames: images to go round.
        repeats: frames to measure.
    """
    device = torch_device(runtime)
    rate, bandwidth = compute_rate(device, torch_dtype(runtime)), measured_bandwidth(device)
    report: dict[str, Any] = {}
    for name in names:
        print(f"{name}: {METHOD_SIZES[sizes].said[name]}, random weights", flush=True)
        made = random_method(name, METHOD_SIZES[sizes], runtime, frames[0])
        weights = {id(each): each for one in made.networks for each in one.parameters()}
        whole, again = _counted(made, frames[0])
        bounds = {
            NEW_FRAME: whole.bound_ms(rate, bandwidth),
            NEW_INSTRUCTION: again.bound_ms(rate, bandwidth),
        }
        measured, _ = measure_method(made.method, frames, repeats, device, bounds)
        report[name] = {
            "sizes": METHOD_SIZES[sizes].said[name],
            "millions_of_numbers": round(sum(p.numel() for p in weights.values()) / 1e6, 1),
            **measured,
            "bound_new_frame_ms": round(bounds[NEW_FRAME], 3),
            "bound_new_instruction_ms": round(bounds[NEW_INSTRUCTION], 3),
            "image_encodings_new_frame": whole.image_encodings,
            "image_encodings_new_instruction": again.image_encodings,
        }
        print(f"image encoders were called {whole.image_encodings} times for a new frame, "
              f"{again.image_encodings} times for a new instruction on it")  # fmt: skip
        del made, weights
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    report["bound"] = "; ".join(filter(None, (rate.source, bandwidth.source)))
    return report


def _counted(made: MeasuredMethod, image: np.ndarray) -> tuple[CountedWork, CountedWork]:
    """The work of a new frame with an instruction, and of another instruction on it."""
    method, watched = made.method, (made.networks, made.image_encoders)

    def first() -> Any:
        frame = method.encode_frame(image)
        method.segment(frame, INSTRUCTIONS[0])
        return frame

    frame, whole = counted_work(*watched, first)
    _, again = counted_work(*watched, method.segment, frame, INSTRUCTIONS[1])
    return whole, again
