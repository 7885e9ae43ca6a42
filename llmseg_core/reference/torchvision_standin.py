# SPDX-License-Identifier: Apache-2.0
"""Stands in for the four functions of torchvision that the package segment-anything imports.

There is no torchvision beside a CPU build of PyTorch, and the one from PyPI breaks there. With
these four the original package runs everywhere, so that every measurement has the same reference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
from PIL import Image
from torch import Tensor

from llmseg_core.proposals.box_nms import box_nms

__all__ = ["torchvision_stood_in"]


@contextmanager
def torchvision_stood_in() -> Iterator[None]:
    """Within the block `import torchvision` finds the four functions, afterwards it is as before.

    Whoever imported them in the block keeps them.
    """
    before = {name: module for name, module in sys.modules.items() if _is_torchvision(name)}
    for name in before:
        del sys.modules[name]
    sys.modules.update(_modules())
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_torchvision(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_torchvision(name: str) -> bool:
    return name.partition(".")[0] == "torchvision"


def _modules() -> dict[str, ModuleType]:
    names = ("", ".ops", ".ops.boxes", ".transforms", ".transforms.functional")
    modules = {f"torchvision{name}": ModuleType(f"torchvision{name}") for name in names}
    for name, module in modules.items():
        module.__path__ = []  # a package, of which modules can be imported
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    modules["torchvision.ops.boxes"].__dict__.update(batched_nms=_batched_nms, box_area=_box_area)
    modules["torchvision.transforms.functional"].__dict__.update(
        resize=_resize, to_pil_image=_to_pil_image
    )
    return modules


def _box_area(boxes: Tensor) -> Tensor:
    """(n, 4) left, top, right, bottom to (n,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Everything mode asks with one category alone: it keeps no others apart."""
    if idxs.numel() and bool((idxs != idxs[0]).any()):
        raise ValueError(
            "the stand-in knows boxes of one category, install torchvision for several"
        )
    return box_nms(boxes, scores, iou_threshold)


def _to_pil_image(pic: np.ndarray) -> Image.Image:
    """(H, W, 3) uint8."""
    return Image.fromarray(pic)


def _resize(img: Image.Image, size: tuple[int, int]) -> Image.Image:
    """To (height, width), as torchvision asks Pillow."""
    height, width = size
    if img.size == (width, height):
        return img
    return img.resize((width, height), Image.Resampling.BILINEAR)
