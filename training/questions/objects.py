# SPDX-License-Identifier: Apache-2.0
"""What the question generator needs to know of a rendered object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SceneObject(Protocol):
    """An object of a scene, as any renderer describes it."""

    @property
    def id(self) -> int:
        """Identifier, unique within the scene."""

    @property
    def category(self) -> str:
        """One of `knowledge.CATEGORIES`."""

    @property
    def colour(self) -> str:
        """One of `knowledge.COLOURS`."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Bounding box (x0, y0, x1, y1) of the visible part, image pixels."""

    @property
    def visible_pixels(self) -> int:
        """Number of pixels not hidden by other objects or the image border."""

    @property
    def position(self) -> tuple[float, float, float]:
        """Centre (x right, y down, z forward) in the camera frame, metres."""

    @property
    def size_m(self) -> float:
        """Largest extent, metres."""


def with_category(objects: Sequence[SceneObject], categories: frozenset[str]) -> list[SceneObject]:
    """The objects whose category is one of `categories`, in their order."""
    return [item for item in objects if item.category in categories]
