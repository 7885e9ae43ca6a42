# SPDX-License-Identifier: Apache-2.0
"""Python, PyTorch, the other packages, and the GPU."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .finding import Finding, State

__all__ = ["check_machine"]

OLDEST, NEWEST = (3, 10), (3, 14)
"""Python that is tested"""
PACKAGES = ("torch", "transformers", "numpy", "cv2", "safetensors", "tokenizers", "peft", "PIL")
"""imported by every model; the rest shows itself"""
REQUIREMENTS = "pip install -r requirements-inference.txt"
GPU_FILES = (Path("/dev/nvidia0"), Path("/dev/nvhost-gpu"), Path("/dev/nvgpu"))
"""what a driver for NVIDIA's GPUs makes, on a PC and on a Jetson"""


def check_machine() -> Iterator[Finding]:
    """What this machine has."""
    yield _python()
    broken = list(_broken_packages())
    yield from broken
    if any(finding.subject == "torch" for finding in broken):
        return
    yield from _torch()


def _python() -> Finding:
    found = sys.version_info[:2]
    text = f"Python {platform.python_version()} in {sys.prefix}, {os.cpu_count()} cores"
    values = {"python": platform.python_version(), "prefix": sys.prefix, "cores": os.cpu_count()}
    if OLDEST <= found <= NEWEST:
        return Finding("Python", State.GOOD, text, values=values)
    wanted = f"{'.'.join(map(str, OLDEST))} to {'.'.join(map(str, NEWEST))}"
    remedy = f"make setup PYTHON=python{'.'.join(map(str, NEWEST))}"
    return Finding("Python", State.WARNING, f"{text}; tested is {wanted}", remedy, values)


def _broken_packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            import_module(name)
        except Exception as error:  # whatever a package that does not fit another does
            missing = isinstance(error, ModuleNotFoundError) and error.name == name
            said = " ".join(str(error).split())[:200]
            text = f"{name} is not installed" if missing else f"{name} cannot be imported: {said}"
            yield Finding(name, State.WRONG, text, REQUIREMENTS)


def _torch() -> Iterator[Finding]:
    import torch

    from llmseg_core.runtime.device import faster_dtype
    from llmseg_core.runtime.gpu_memory import gpu_memories

    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPUs only"
    try:
        others = f", transformers {version('transformers')}, NumPy {version('numpy')}"
    except PackageNotFoundError:
        others = ""
    values = {"torch": torch.__version__, "cuda": torch.version.cuda}
    yield Finding(
        "PyTorch", State.GOOD, f"PyTorch {torch.__version__} for {built}{others}", values=values
    )
    gpus = gpu_memories()
    for gpu in gpus:
        seen = {"name": gpu.name, "free_bytes": gpu.free, "total_bytes": gpu.total}
        yield Finding("GPU", State.GOOD, str(gpu), values=seen)
    if gpus:
        return
    if not any(file.exists() for file in GPU_FILES):
        halves = (
            "faster"
            if faster_dtype(torch.device("cpu"), torch.bfloat16) != torch.float32
            else "slower"
        )
        text = f"none seen: models run on the CPU, on which bfloat16 is {halves} than float32"
        yield Finding("GPU", State.NOTE, text, values={"bfloat16": halves})
    elif torch.version.cuda is None:
        yield Finding(
            "GPU", State.WARNING, "there is one, and this PyTorch is built for CPUs only",
            f"pip install --force-reinstall torch=={torch.__version__.partition('+')[0]}",
        )  # fmt: skip
    else:
        yield Finding(
            "GPU", State.WARNING, f"there is one, and PyTorch for CUDA {torch.version.cuda} cannot "
            f"use it: the driver is too old, or a container has no access", "nvidia-smi",
        )  # fmt: skip
