# SPDX-License-Identifier: Apache-2.0
"""Locators: the interface of networks that find what a phrase names, and what they share."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from llmseg_core.config.limits import Between
from llmseg_core.config.values import require
from llmseg_core.prompted.target import Target

__all__ = [
    "LocatedImage",
    "PhraseLocator",
    "Remembered",
    "check_threshold",
    "plain_phrase",
    "targets_of",
    "with_part",
]


MOST_TARGETS = 100
"""boxes that are kept, so that a threshold of 0 does not fill the memory with masks"""


@dataclass(frozen=True)
class LocatedImage:
    """One image as a locator has encoded it.

    Attributes:
        features: the locator's own affair.
        image_size: (H, W) of the image in pixels.
    """

    features: Any
    image_size: tuple[int, int]


class PhraseLocator(Protocol):
    """Finds everything in an image that a phrase names."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    def look(self, image: np.ndarray) -> LocatedImage:
        """Everything about an image that does not depend on the phrase.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is no such array.
        """

    def locate(self, image: LocatedImage, phrase: str) -> tuple[Target, ...]:
        """Boxes of what the phrase names, within the image, best first.

        Args:
            image: from `look`; it is not changed.
            phrase: a few words; nothing is found if there is none.
        """


def check_threshold(threshold: float) -> float:
    """Return a locator's least score of a box.

    Raises:
        ValueError: if it is not in [0, 1].
    """
    share = Between(0, 1)
    require(share.holds(threshold), "score_threshold", threshold, share.wanted)
    return threshold


def plain_phrase(phrase: str) -> str:
    """A phrase in lower case, with one blank between words and without full stops."""
    return " ".join(phrase.lower().replace(".", " ").split())


def targets_of(
    boxes_rel: Tensor, scores: Tensor, scale: tuple[float, float], size: tuple[int, int], label: str
) -> tuple[Target, ...]:
    """Targets of what a detector found, the best first and no more than 100.

    What has no area in the image is left out.

    Args:
        boxes_rel: (N, 4) float, centre x, centre y, width, height as fractions.
        scores: (N,) float, [0, 1].
        scale: pixels of the image that one whole is, across and down.
        size: (H, W) of the image in pixels.
        label: what was looked for.
    """
    centre, half = boxes_rel[:, :2].float(), boxes_rel[:, 2:].float() / 2
    factor = torch.tensor(scale, dtype=torch.float32, device=boxes_rel.device)
    limit = torch.tensor((size[1], size[0]), dtype=torch.float32, device=boxes_rel.device)
    low = ((centre - half) * factor).clamp_min(0).minimum(limit)
    high = ((centre + half) * factor).clamp_min(0).minimum(limit)
    rows = torch.cat((low, high, scores.float()[:, None]), 1).tolist()
    found = [row for row in rows if row[0] < row[2] and row[1] < row[3]]
    found.sort(key=lambda row: -row[4])
    return tuple(
        Target((left, top, right, bottom), (), label, min(score, 1.0))
        for left, top, right, bottom, score in found[:MOST_TARGETS]
    )


class Remembered(nn.Module):
    """Stands in for a network's image encoder, and gives what that gave for an image before."""

    def __init__(self, known: tuple[Any, ...], encoder: nn.Module) -> None:
        super().__init__()
        self.known = known
        self.position_embedding = encoder.position_embedding

    def forward(self, *_: Any, **__: Any) -> tuple[Any, ...]:
        """The same at every call; lists are copies, because callers add to them."""
        return tuple(list(each) for each in self.known)


def with_part(network: nn.Module, path: Sequence[str], part: nn.Module) -> nn.Module:
    """The same network, weights and all, with another module in one place.

    The network itself is not changed: others may use it at the same time.

    Args:
        network: of which a shallow copy is made.
        path: names of the modules down to the place.
        part: what stands there in the copy.
    """
    made = copy.copy(network)
    name, *rest = path
    inner = with_part(network.get_submodule(name), rest, part) if rest else part
    made._modules = {**network._modules, name: inner}
    return made
