# SPDX-License-Identifier: Apache-2.0
"""The data of one rendered scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from llmseg_core.config.limits import AtLeast, Between, NotEmpty, OneOf
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from .categories import CATEGORIES
from .more_categories import ALL_CATEGORIES

BACKGROUND_ID = 0
TABLE_ID = 255


@dataclass(frozen=True)
class SceneConfig(Settings):
    """What scenes to render."""

    width: Annotated[int, AtLeast(16)] = 320
    """Pixels."""
    height: Annotated[int, AtLeast(16)] = 240
    """Pixels."""
    min_objects: Annotated[int, Between(1, 20)] = 4
    max_objects: Annotated[int, Between(1, 20)] = 8
    """Objects put on the table, both ends included; at most 20."""
    twin_share: Annotated[float, Between(0, 1)] = 0.4
    """Share of scenes with two objects of one category in different colours, 0 to 1."""
    min_visible_pixels: Annotated[int, AtLeast(0)] = 40
    """Objects that show fewer pixels are not listed; counted at 320 x 240, scales with the area."""
    edge_samples: Annotated[int, AtLeast(0)] = 4
    """Extra rays through each pixel on an edge; 0 leaves edges jagged."""
    categories: Annotated[tuple[str, ...], NotEmpty("names of categories")] = tuple(CATEGORIES)
    """Names of the categories to draw objects from."""
    looks: Annotated[str, OneOf("plain", "rich")] = "plain"
    """"plain", or "rich": also floors, things without a name, a robot's gripper, textures, gloss
    and what cameras do to images; see `looks`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        least, most = self.min_objects, self.max_objects
        require(least <= most, "min_objects", least, f"at most max_objects = {most}")
        unknown = [name for name in self.categories if name not in ALL_CATEGORIES]
        known = f"some of {', '.join(ALL_CATEGORIES)}"
        require(not unknown, "categories", list(self.categories), known)

    @property
    def smallest_area(self) -> int:
        """The fewest visible pixels of a listed object at this scene's size."""
        return max(1, round(self.min_visible_pixels * self.width * self.height / (320 * 240)))


@dataclass(frozen=True)
class SceneObject:
    """An object of a scene that can be seen."""

    id: int
    """Its value in `Scene.instances`, 1 to 254."""
    category: str
    """A name in `ALL_CATEGORIES`."""
    colour: str
    """The name of its dominant colour, in `COLOURS`."""
    box: tuple[int, int, int, int]
    """Bounding box (x0, y0, x1, y1) of its visible pixels; x1 and y1 lie just outside."""
    visible_pixels: int
    position: tuple[float, float, float]
    """The centre of its extent in the camera's frame: x right, y down, z forward, metres."""
    size_m: float
    """Its longest side, metres."""


@dataclass(frozen=True)
class Scene:
    """A rendered scene with its ground truth."""

    image: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    instances: NDArray[np.uint8]
    """(H, W): 0 background, 255 table, else the id of an object (listed or too hidden to be)."""
    depth: NDArray[np.float32] | None
    """(H, W) metres along the camera's forward axis; None where it was not stored."""
    objects: tuple[SceneObject, ...]
    """The objects that can be seen, by rising id."""
    seed: int
    """The seed that it was rendered from."""

    def mask(self, object_id: int) -> NDArray[np.bool_]:
        """The visible pixels (H, W) of one listed object."""
        if all(item.id != object_id for item in self.objects):
            listed = [item.id for item in self.objects]
            raise ValueError(f"object id {object_id} is not in this scene; it has ids {listed}")
        return self.instances == object_id
