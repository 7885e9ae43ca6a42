# SPDX-License-Identifier: Apache-2.0
"""Which profile of `llmseg get` is made for the GPUs of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from llmseg_core.runtime.gpu_memory import GB, GpuMemory

from .directory import CONFIG_FILE
from .profiles import load_profiles, profile_folder, profiles_within

__all__ = ["profile_for", "real_camera_hint"]


def profile_for(gpus: Sequence[GpuMemory]) -> str:
    """The largest profile that fits into the memory of one GPU; one for CPUs without any."""
    largest = max((gpu.total for gpu in gpus), default=0) / GB
    return profiles_within(largest, load_profiles())[0]


def real_camera_hint(gpus: Sequence[GpuMemory], command: str = "llmseg") -> str:
    """What to type on this machine for a model that takes photographs, in a line for people.

    Args:
        gpus: of this machine.
        command: how `llmseg` is called here.
    """
    name = profile_for(gpus)
    profile = load_profiles()[name]
    best = max(gpus, key=lambda gpu: gpu.total, default=None)
    here = "a CPU" if best is None else f"{best.name} with {best.total / GB:.0f} GB"
    made_for = f"for photographs, made for {here}: {name} ({profile.good_for})"
    if (profile_folder(name) / CONFIG_FILE).is_file():
        return f"{made_for}, which is here: use model {name}"
    size = f"{profile.download_gb:.1f} GB, {', '.join(profile.licences)}"
    return f"{made_for}; {command} get {name} downloads it ({size})"
