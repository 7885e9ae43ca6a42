# SPDX-License-Identifier: Apache-2.0
"""The light of a scene and how surfaces reflect it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .world import Hits, World, dot, unit

_SHADOW_REACH = 0.6
"""Metres: things farther away, such as the walls, cast no shadow."""


@dataclass(frozen=True)
class Lighting:
    """One light that casts shadows, a weaker one that does not, and ambient light."""

    key: NDArray[np.float32]
    """(3,) unit direction towards the light that casts shadows."""
    key_colour: NDArray[np.float32]
    fill: NDArray[np.float32]
    """(3,) unit direction towards the second light."""
    fill_colour: NDArray[np.float32]
    ambient: NDArray[np.float32]
    """(3,) linear RGB of the ambient light."""
    softness: float
    """Spread of the first light, radians: how blurred its shadows are."""

    @classmethod
    def random(cls, rng: np.random.Generator) -> Lighting:
        """A light of random direction, colour temperature and strength."""

        def direction(low: float, high: float) -> NDArray[np.float32]:
            turn = rng.uniform(0, 2 * np.pi)
            lift = np.radians(rng.uniform(low, high))
            flat = np.cos(lift)
            return np.array([flat * np.cos(turn), flat * np.sin(turn), np.sin(lift)], np.float32)

        def tint(strength: float) -> NDArray[np.float32]:
            warmth = rng.uniform(-0.1, 0.13)
            return np.array([1 + warmth, 1.0, 1 - warmth], np.float32) * np.float32(strength)

        brightness = rng.uniform(0.75, 1.12)
        share = rng.uniform(0.35, 0.65)
        return cls(
            key=direction(35, 78),
            key_colour=tint(brightness * share * 1.15),
            fill=direction(25, 60),
            fill_colour=tint(brightness * rng.uniform(0.08, 0.22)),
            ambient=tint(brightness * (0.95 - share)),
            softness=float(rng.uniform(0.004, 0.05)),
        )

    def shadowed(
        self,
        world: World,
        points: NDArray[np.float32],
        hits: Hits,
        rng: np.random.Generator,
    ) -> NDArray[np.bool_]:
        """(N,) whether the first light fails to reach each point (N, 3)."""
        towards = self.key + np.float32(self.softness) * rng.standard_normal(
            points.shape, dtype=np.float32
        )
        facing = hits.facet @ self.key > 0
        dark = np.ones(len(points), dtype=bool)
        start = points + 5e-4 * hits.facet
        dark[facing] = world.blocked(start[facing], towards[facing], _SHADOW_REACH)
        return dark

    def shade(
        self,
        albedo: NDArray[np.float32],
        gloss: NDArray[np.float32],
        glow: NDArray[np.float32],
        hits: Hits,
        directions: NDArray[np.float32],
        shadow: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Linear RGB (N, 3) that surfaces of linear `albedo` (N, 3) reflect along the rays."""
        normal = hits.normal
        lit = np.maximum(normal @ self.key, 0) * ~shadow
        filled = np.maximum(normal @ self.fill, 0)
        sky = 0.65 + 0.35 * normal[:, 2]
        light = lit[:, None] * self.key_colour + filled[:, None] * self.fill_colour
        light += sky[:, None] * self.ambient
        halfway = unit(self.key - directions)
        sharp = np.maximum(dot(normal, halfway), 0) ** 40
        shine = 0.6 * gloss * sharp * ~shadow
        grazing = 1 + np.minimum(dot(normal, directions), 0)
        shine = shine + 0.12 * gloss * grazing**3
        answer = albedo * light * (1 - glow)[:, None] + shine[:, None] * self.key_colour
        return (answer + glow[:, None] * albedo).astype(np.float32)
