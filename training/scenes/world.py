# SPDX-License-Identifier: Apache-2.0
"""All triangles of a scene, and rays through them (Intel Embree)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from .mesh import Part


def dot(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scalar product (N,) of rows (N, 3)."""
    return np.einsum("ni,ni->n", first, second)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows (N, 3) at length one."""
    length = np.maximum(np.sqrt(dot(vectors, vectors)), np.float32(1e-20))
    return (vectors / length[:, None]).astype(np.float32)


@dataclass(frozen=True)
class Hits:
    """Where N rays hit first; rows of rays that hit nothing mean nothing."""

    distance: NDArray[np.float32]
    """(N,) metres along the ray."""
    part: NDArray[np.int32]
    """(N,) row of `World.parts`, -1 where nothing was hit."""
    normal: NDArray[np.float32]
    """(N, 3) smooth normal on the side that the ray came from, unit length."""
    facet: NDArray[np.float32]
    """(N, 3) normal of the triangle, same side, unit length."""
    local: NDArray[np.float32]
    """(N, 3) the point in the part's own frame, which is what its paint sees."""


class World:
    """Parts in their final places, each belonging to an instance."""

    def __init__(self, parts: Sequence[Part], instances: Sequence[int]) -> None:
        offsets = np.cumsum([0] + [len(part.points) for part in parts[:-1]])
        self.parts = tuple(parts)
        self.instances = np.asarray(instances, dtype=np.int32)
        """(parts,) the instance that each part belongs to."""
        self._faces = np.concatenate(
            [part.faces + offset for part, offset in zip(parts, offsets, strict=True)]
        ).astype(np.int32)
        self._points = np.concatenate([part.points for part in parts])
        self._attributes = np.concatenate(
            [np.concatenate([part.normals, part.local], axis=1) for part in parts]
        )
        self._owner = np.repeat(
            np.arange(len(parts), dtype=np.int32), [len(part.faces) for part in parts]
        )
        self._scene = EmbreeScene()
        TriangleMesh(self._scene, self._points, self._faces)

    def cast(self, origins: NDArray[np.float32], directions: NDArray[np.float32]) -> Hits:
        """The first hit of each ray (N, 3), (N, 3)."""
        found = self._scene.run(
            np.ascontiguousarray(origins, dtype=np.float32),
            np.ascontiguousarray(directions, dtype=np.float32),
            output=True,
        )
        triangle = found["primID"]
        hit = triangle >= 0
        row = np.where(hit, triangle, 0)
        corners = self._faces.take(row, axis=0)
        u, v = found["u"], found["v"]
        mixed = np.zeros((len(row), 6), dtype=np.float32)
        for corner, weight in enumerate((1 - u - v, u, v)):
            mixed += self._attributes.take(corners[:, corner], axis=0) * weight[:, None]
        normal, facet = unit(mixed[:, :3]), unit(found["Ng"])
        facet = facet * -np.sign(dot(facet, directions))[:, None]
        normal = normal * np.where(dot(facet, normal) < 0, np.float32(-1), np.float32(1))[:, None]
        return Hits(
            distance=found["tfar"],
            part=np.where(hit, self._owner.take(row), -1),
            normal=normal,
            facet=facet,
            local=mixed[:, 3:],
        )

    def blocked(
        self, origins: NDArray[np.float32], directions: NDArray[np.float32], reach: float
    ) -> NDArray[np.bool_]:
        """(N,) whether each ray (N, 3), (N, 3) hits anything within `reach` directions' lengths."""
        answer = self._scene.run(
            np.ascontiguousarray(origins, dtype=np.float32),
            np.ascontiguousarray(directions, dtype=np.float32),
            dists=np.full(len(directions), reach, dtype=np.float32),
            query="OCCLUDED",
        )
        return np.asarray(answer) == 0

    def owners(
        self, origin: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """(N,) the instance that is seen from `origin` (3,) towards `targets` (N, 3), else -1."""
        directions = (targets - origin).astype(np.float32)
        origins = np.broadcast_to(origin.astype(np.float32), directions.shape)
        triangle = self._scene.run(np.ascontiguousarray(origins), directions)
        owner = self.instances[self._owner[np.where(triangle >= 0, triangle, 0)]]
        return np.where(triangle >= 0, owner, -1).astype(np.int32)
