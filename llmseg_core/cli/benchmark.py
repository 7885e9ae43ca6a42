# SPDX-License-Identifier: Apache-2.0
"""`llmseg benchmark`: the pipeline or its proposals, stage by stage beside the reference."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmseg_core.benchmark.choices import (
    METHOD_NAMES,
    MODE_NAMES,
    PROFILE_NAMES,
    SIZE_NAMES,
)
from llmseg_core.config import RuntimeConfig

from .command import Command
from .device_argument import add_device, chosen_device
from .file_argument import file_to_write

if TYPE_CHECKING:
    import numpy as np
    import torch

    from llmseg_core.benchmark.models import BenchmarkModel
    from llmseg_core.benchmark.report import StageRow
    from llmseg_core.runtime.compute_rate import ComputeRate

__all__ = ["BENCHMARK"]

FRAMES = 4
"""Images that a benchmark goes round."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject", choices=["pipeline", "proposals", "method", "methods"],
        help="what to measure: pipeline or proposals of a profile, a model directory's method, or "
        "all methods with random weights",
    )  # fmt: skip
    parser.add_argument(
        "--model", default="embedded", metavar="DIR",
        help="for method: the model directory (default: embedded)",
    )  # fmt: skip
    parser.add_argument(
        "--sizes", choices=SIZE_NAMES, default="small",
        help="for methods: of their networks (default: small; published needs a GPU of 40 GB)",
    )  # fmt: skip
    parser.add_argument(
        "--only", choices=METHOD_NAMES, action="append",
        help="for methods: this one, may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--profile", choices=PROFILE_NAMES, default="embedded",
        help="sizes of the networks: embedded (trained weights, default), vit-b (SAM ViT-B, random "
        "weights), paper (SAM ViT-H, DINOv2 ViT-L, LLaVA-7B, random weights)",
    )  # fmt: skip
    parser.add_argument(
        "--modes", type=_modes, default=("exact",), metavar="M,M",
        help=f"for proposals, besides exact: {', '.join(MODE_NAMES[1:])}; + joins some",
    )  # fmt: skip
    parser.add_argument(
        "--no-reference", action="store_true", help="for pipeline: leave the reference out"
    )
    parser.add_argument(
        "--reference", choices=("package", "plain"), default="package",
        help="everything mode to compare with: of the package segment-anything (default), or the "
        "same without the run lengths it makes, which take minutes of random weights' noise",
    )  # fmt: skip
    add_device(parser)
    parser.add_argument(
        "--no-cuda-graphs", action="store_true", help="let a GPU record no passes (parameter "
        "cuda_graphs of the node)",
    )  # fmt: skip
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads of PyTorch")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="frames to measure")
    parser.add_argument(
        "--image-size", type=_size, default=(640, 480), metavar="WxH", help="default: 640x480"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="instead of drawn images")
    parser.add_argument("--json", type=file_to_write, metavar="FILE", help="write the report here")
    parser.add_argument("--plot", type=file_to_write, metavar="FILE", help="draw it here (PNG)")


def _run(options: argparse.Namespace) -> int:
    import torch

    from llmseg_core.benchmark.inputs import benchmark_frames
    from llmseg_core.benchmark.models import benchmark_model
    from llmseg_core.benchmark.plot import draw_plot, plotting
    from llmseg_core.benchmark.report import write_json
    from llmseg_core.runtime.compute_rate import compute_rate

    for name in ("threads", "repeats"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value}, it must be at least 1")
    if options.plot is not None:
        plotting()  # rather now than after minutes
    threads = torch.get_num_threads()
    torch.set_num_threads(options.threads or threads)
    try:
        frames = benchmark_frames(options.image_size, options.images, FRAMES)
        runtime = RuntimeConfig(
            device=chosen_device(options),
            dtype=options.dtype,
            cuda_graphs=not options.no_cuda_graphs,
        )
        if options.subject in ("method", "methods"):
            if options.plot is not None:
                raise ValueError("--plot draws what is compared, and methods are compared with "
                                 "nothing")  # fmt: skip
            if options.subject == "methods":
                return _measure_methods(options, frames, runtime)
            _measure_method(options, frames, runtime)
            return 0
        model = benchmark_model(options.profile, runtime, frames[0])
        sam = model.parts.sam
        rate = compute_rate(sam.device, sam.dtype)
        measured, rows = _measure(options, model, frames, rate)
        about = {"profile": options.profile, "weights": model.weights}
        report = _report(options, sam.device, about, {"bound": rate.source, **measured})
    finally:
        torch.set_num_threads(threads)
    if model.weights == "random":
        print(f"random weights in the sizes of {options.profile}; as many masks pass as with "
              "trained ones")  # fmt: skip
    if options.json is not None:
        write_json(options.json, report)
    if options.plot is not None:
        title = f"{options.subject}, {options.profile}, {options.dtype} on {report['device']}"
        draw_plot(options.plot, title, rows, rate.source)
    return 0


BENCHMARK = Command("Measure speed, stage by stage.", _add_arguments, _run)


def _report(
    options: argparse.Namespace,
    device: torch.device,
    about: Mapping[str, Any],
    measured: Mapping[str, Any],
) -> dict[str, Any]:
    """What was measured where, of what, and how, for JSON."""
    from llmseg_core.benchmark.report import machine

    return {
        "benchmark": options.subject,
        **about,
        **machine(device),
        "dtype": options.dtype,
        "image_size": list(options.image_size),
        "repeats": options.repeats,
        **measured,
    }


def _measure_method(
    options: argparse.Namespace, frames: list[np.ndarray], runtime: RuntimeConfig
) -> None:
    from llmseg_core.benchmark.any_method import measure_method
    from llmseg_core.benchmark.report import write_json
    from llmseg_core.methods.method import load_method
    from llmseg_core.runtime.device import torch_device

    device = torch_device(runtime)
    method = load_method(options.model, runtime)
    measured, _ = measure_method(method, frames, options.repeats, device)
    if options.json is not None:
        write_json(options.json, _report(options, device, {"model": options.model}, measured))


def _measure_methods(
    options: argparse.Namespace, frames: list[np.ndarray], runtime: RuntimeConfig
) -> int:
    """All methods; 1 if one of them encodes the image of a known frame again."""
    from llmseg_core.benchmark.all_methods import measure_methods
    from llmseg_core.benchmark.report import write_json
    from llmseg_core.runtime.device import torch_device

    names = options.only or METHOD_NAMES
    measured = measure_methods(names, options.sizes, runtime, frames, options.repeats)
    if options.json is not None:
        about = {"sizes": options.sizes}
        write_json(options.json, _report(options, torch_device(runtime), about, measured))
    return int(any(measured[name]["image_encodings_new_instruction"] for name in names))


def _measure(
    options: argparse.Namespace, model: BenchmarkModel, frames: list[np.ndarray], rate: ComputeRate
) -> tuple[dict[str, Any], list[StageRow]]:
    from llmseg_core.benchmark.pipeline import measure_pipeline
    from llmseg_core.benchmark.proposals import measure_proposals

    plain = options.reference == "plain"
    if options.subject == "proposals":
        return measure_proposals(model, frames, options.repeats, rate, options.modes, plain)
    with_reference = not options.no_reference
    return measure_pipeline(model, frames, options.repeats, rate, with_reference, plain)


def _modes(text: str) -> tuple[str, ...]:
    """Names of modes, with "exact" in front."""
    names = dict.fromkeys(["exact", *text.split(",")])
    for name in "+".join(names).split("+"):
        if name not in MODE_NAMES:
            known = ", ".join(MODE_NAMES)
            raise argparse.ArgumentTypeError(f"{name!r} is no mode, it must be one of {known}")
    return tuple(names)


def _size(text: str) -> tuple[int, int]:
    """Width and height from a text such as 640x480."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, it must be such as 640x480")
    return int(width), int(height)
