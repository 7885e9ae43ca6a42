# SPDX-License-Identifier: Apache-2.0
"""SAM 2 with its memory, which follows masks through images."""

from __future__ import annotations

from pathlib import Path

from transformers import Sam2VideoModel

from llmseg_core.config import RuntimeConfig
from llmseg_core.runtime.device import faster_dtype, torch_device, torch_dtype

from .network_files import READING, SharedNetworks, local_place, part_kind

__all__ = ["PART", "load_video_network"]

PART = "sam"
"""the folder in a model directory that may hold it"""


def load_video_network(
    place: str | Path, runtime: RuntimeConfig, shared: SharedNetworks | None = None
) -> Sam2VideoModel:
    """SAM 2 from a folder of its own, or from a model directory that has it as a part.

    SAM 2's published weights are for images and videos alike, so the part that a method draws
    masks with will do.

    Args:
        place: the folder, as transformers writes it.
        runtime: device, number format (a CPU without units for it takes float32) and attention.
        shared: networks in memory.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is another network, its files do not fit, or the device is not there.
    """
    part = Path(place) / PART
    found = local_place(str(part if part.is_dir() else place))
    part_kind(found, ("sam2_video",), "following")
    device = torch_device(runtime)
    dtype = faster_dtype(device, torch_dtype(runtime))
    attention = "eager" if runtime.attention == "eager" else "sdpa"
    with READING:
        return (shared or SharedNetworks()).load(Sam2VideoModel, found, dtype, attention, device)
