# SPDX-License-Identifier: Apache-2.0
"""How well things are placed in space, on rendered scenes whose depth and objects are known.

What is true: the position is the mean of the points that the true mask shows at the true depth,
which is the middle of the visible surface, and not of the object. The box is the smallest upright
one about all of the object, also of what no pixel shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from llmseg_core.geometry.oriented_box import OrientedBox, upright_box
from llmseg_core.geometry.pinhole import Pinhole
from llmseg_core.geometry.place import locate

from ..scenes.camera import Camera
from ..scenes.depth_camera import StereoCamera
from ..scenes.layout import Item
from ..scenes.render import photograph, set_stage
from ..scenes.scene import SceneConfig

__all__ = ["PlacedObject", "box_iou", "loosened", "place_objects", "places_table", "score_places"]

WITHIN_CM = (1, 2)
LATTICE = 32
"""points a side of a box at which overlap is counted"""
LOOSE_PX = 3


@dataclass(frozen=True)
class PlacedObject:
    """One object of one scene.

    Attributes:
        off_m: from the true position to the one found, metres; None where it gave no position.
        centre_off_m: the same of the box's centre.
        box_iou: of the box with the true one.
        stands: whether the plane below it was found.
        ms: of the thread.
    """

    off_m: float | None
    centre_off_m: float
    box_iou: float
    stands: bool
    ms: float


def place_objects(
    seeds: Iterable[int],
    sensor: StereoCamera | None = None,
    loose: bool = False,
    least_area: int = 160,
) -> Iterator[PlacedObject]:
    """Places the objects of the scenes of `seeds` at 640 x 480.

    Args:
        seeds: at least 0.
        sensor: measures the depth; None is the exact depth.
        loose: whether masks are `loosened`, as those of a model may be, or the true ones.
        least_area: pixels below which an object is left out.
    """
    config = SceneConfig(width=640, height=480, edge_samples=0)  # which change colours alone
    for seed in seeds:
        rng = np.random.default_rng(seed)
        stage = set_stage(rng, config)
        scene = photograph(stage, stage.world(), rng, config, seed)
        assert scene.depth is not None
        camera = stage.camera
        lens = Pinhole(camera.focal, camera.focal, (camera.width - 1) / 2, (camera.height - 1) / 2)
        depth = scene.depth
        if sensor is not None:
            depth = sensor.measure(depth, camera.focal, np.random.default_rng([seed, 1]))
        for listed in scene.objects:
            mask = scene.mask(listed.id)
            if listed.visible_pixels < least_area:
                continue
            y, x = np.nonzero(mask)
            truth = lens.points(x, y, scene.depth[y, x]).mean(axis=0, dtype=np.float64)
            box = true_box(stage.items[listed.id - 1], camera)
            yield _placed(depth, loosened(mask) if loose else mask, lens, truth, box)


def _placed(
    depth: NDArray[np.float32],
    mask: NDArray[np.bool_],
    lens: Pinhole,
    truth: NDArray[np.float64],
    box: OrientedBox,
) -> PlacedObject:
    start = time.thread_time()
    place = locate(depth, mask, lens)
    ms = 1e3 * (time.thread_time() - start)
    if place.position is None or place.box is None:
        return PlacedObject(None, np.inf, 0.0, False, ms)
    return PlacedObject(
        float(np.linalg.norm(place.position - truth)),
        float(np.linalg.norm(place.box.centre - box.centre)),
        box_iou(place.box, box),
        place.stands,
        ms,
    )


def true_box(item: Item, camera: Camera) -> OrientedBox:
    """The smallest upright box about all of an object, in the camera's frame."""
    points = camera.to_camera(item.points())
    return upright_box(points, camera.axes[:, 2], trim=(0.0, 100.0))


def loosened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask (H, W) that is `LOOSE_PX` too large all around, and has no holes."""
    kernel = np.ones((2 * LOOSE_PX + 1, 2 * LOOSE_PX + 1), np.uint8)
    larger = cv2.dilate(mask.astype(np.uint8), kernel)
    outlines, _ = cv2.findContours(larger, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(larger, outlines, -1, 1, cv2.FILLED).astype(bool)


def box_iou(first: OrientedBox, second: OrientedBox) -> float:
    """Intersection over union of two boxes by volume, to about 1 %.

    It is counted on a lattice of `LATTICE` points a side in the first.
    """
    steps = (np.arange(LATTICE) + 0.5) / LATTICE - 0.5
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    points = first.centre + (lattice * first.size) @ first.axes.T
    inside = (np.abs((points - second.centre) @ second.axes) <= second.size / 2).all(axis=1)
    both = first.volume * float(inside.mean())
    return both / (first.volume + second.volume - both)


def score_places(placed: Sequence[PlacedObject]) -> dict[str, Any]:
    """What is said of many objects.

    Returns:
        "objects"; "without": those without a position; "within": for each of `WITHIN_CM` the share
        of all objects whose position is as near; "off_cm_95"; "box_iou" in the mean and
        "centre_within", the same of the boxes' centres; "stands"; "ms_mean" and "ms_95".

    Raises:
        ValueError: there is no object.
    """
    if not placed:
        raise ValueError("there is no object to place in these scenes: take more of them")
    off = np.array([np.inf if one.off_m is None else one.off_m for one in placed])
    centre_off = np.array([one.centre_off_m for one in placed])
    times = np.array([one.ms for one in placed])
    return {
        "objects": len(placed),
        "without": int(np.isinf(off).sum()),
        "within": {str(cm): float((off < cm / 100).mean()) for cm in WITHIN_CM},
        "off_cm_95": float(100 * np.quantile(off, 0.95, method="lower")),
        "box_iou": float(np.mean([one.box_iou for one in placed])),
        "centre_within": {str(cm): float((centre_off < cm / 100).mean()) for cm in WITHIN_CM},
        "stands": float(np.mean([one.stands for one in placed])),
        "ms_mean": float(times.mean()),
        "ms_95": float(np.quantile(times, 0.95)),
    }


def places_table(scores: Mapping[str, Mapping[str, Any]], title: str) -> Table:
    """A column for each kind of input, of what `score_places` returns by name."""
    table = Table(title=f"Places: {title}", title_justify="left")
    table.add_column("")
    for name in scores:
        table.add_column(name, justify="right")
    rows = scores.values()
    table.add_row("objects", *(str(row["objects"]) for row in rows))
    table.add_row("without a position", *(str(row["without"]) for row in rows))
    for cm in map(str, WITHIN_CM):
        table.add_row(f"position within {cm} cm", *(f"{row['within'][cm]:.1%}" for row in rows))
    table.add_row("box IoU", *(f"{row['box_iou']:.3f}" for row in rows))
    for cm in map(str, WITHIN_CM):
        shares = (f"{row['centre_within'][cm]:.1%}" for row in rows)
        table.add_row(f"box centre within {cm} cm", *shares)
    table.add_row("plane below found", *(f"{row['stands']:.1%}" for row in rows))
    table.add_row("ms", *(f"{row['ms_mean']:.1f}" for row in rows))
    table.add_row("ms, 95 %", *(f"{row['ms_95']:.1f}" for row in rows))
    table.caption = (
        "position: the middle of the visible surface; box: about all of the object, also what no "
        "pixel shows; loose: masks 3 pixels too large and without holes"
    )
    return table
