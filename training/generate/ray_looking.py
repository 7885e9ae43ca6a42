# SPDX-License-Identifier: Apache-2.0
"""Images looked at by many processes on many machines: `llmseg generate run --engine ray`.

    list → read and mask (a GPU each) → taken in their order, as in one process

Which images are taken depends on those before, so workers look ahead, and what they saw of copies
is not used. Images and model must be at the same paths on every machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.data import ActorPoolStrategy, DataContext

from llmseg_core.config import RuntimeConfig

from ..engine.cluster import Cluster, connected
from .looking import Look, LookedAt, Looker, Looks
from .masks.box_masks import SamNeededError
from .masks.mask_checks import MaskRules
from .masks.open_sam import open_masker
from .preparation import Preparation
from .sources.open_source import open_source
from .sources.source_image import ImageSource

__all__ = ["ray_looks"]


def ray_looks(
    preparation: Preparation, sam: str | None, rules: MaskRules, cluster: Cluster
) -> Looks:
    """Looks by the workers of a cluster.

    Args:
        preparation: how images are chosen and masked.
        sam: model directory with SAM.
        rules: what masks must fulfil.
        cluster: where; it is used as long as the images of a stratum are looked at.
    """

    @contextmanager
    def looks(source: ImageSource, stratum: str, numbers: Iterable[int]) -> Iterator[Look]:
        new = list(numbers)
        if not new:
            yield _nothing_left
            return
        with connected(cluster) as gpus:
            DataContext.get_current().execution_options.preserve_order = True
            blocks = min(len(new), max(4 * cluster.workers, len(new) // 64))
            looked = ray.data.from_items(new, override_num_blocks=blocks).map_batches(
                _Worker,
                fn_constructor_args=(
                    preparation, sam, rules, stratum, Path.cwd(), "cuda" if gpus else "cpu"
                ),
                batch_size=1,
                compute=ActorPoolStrategy(min_size=1, max_size=cluster.workers),
                num_cpus=1,
                num_gpus=gpus,
            )  # fmt: skip
            rows = iter(looked.iter_rows())
            yield lambda index: _looked_at(rows, index)

    return looks


def _nothing_left(index: int) -> LookedAt:
    raise AssertionError(f"image {index} was looked at before")


def _looked_at(rows: Iterator[dict[str, Any]], index: int) -> LookedAt:
    """What was seen of an image; the rows before it are of images that nobody asked for."""
    row = next(row for row in rows if row["index"] == index)
    if row["sam"]:
        raise SamNeededError(row["sam"])
    return LookedAt(json.loads(row["first"]), lambda: json.loads(row["whole"]))


class _Worker:
    """Looks at images; in a process of its own, with a GPU where there are some."""

    def __init__(
        self,
        preparation: Preparation,
        sam: str | None,
        rules: MaskRules,
        stratum: str,
        root: Path,
        device: str,
    ) -> None:
        os.chdir(root)  # where relative paths begin
        self._stratum = preparation.strata[stratum]
        self._source = open_source(self._stratum.data)
        self._look = Looker(preparation, lambda: open_masker(sam, rules, RuntimeConfig(device)))

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        rows = [self._row(int(index)) for index in batch["item"]]
        return {key: [row[key] for row in rows] for key in rows[0]}

    def _row(self, index: int) -> dict[str, Any]:
        looked = self._look(self._source, index, self._stratum)
        row = {"index": index, "first": json.dumps(looked.first), "whole": "", "sam": ""}
        try:
            return {**row, "whole": json.dumps(looked.whole())}
        except SamNeededError as error:
            return {**row, "sam": str(error)}
