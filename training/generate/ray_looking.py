# SPDX-License-Identifier: Apache-2.0
"""Images looked at by many processes on many machines: `llmseg generate run --engine ray`.

    list → read and mask (a GPU each) → taken in their order, as in one process

Which images are taken depends on those before, so workers look ahead, and what they saw of copies
is not used. Images and model must be at the same paths on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmseg_core.config import RuntimeConfig

from ..engine.cluster import Cluster
from ..engine.each_item import ItemWorker, worked
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
        arguments = preparation, sam, rules, stratum
        with worked(new, _Worker, arguments, cluster, in_order=True) as rows:
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


class _Worker(ItemWorker):
    """Looks at images."""

    def __init__(
        self,
        preparation: Preparation,
        sam: str | None,
        rules: MaskRules,
        stratum: str,
        root: Path,
        device: str,
    ) -> None:
        super().__init__(root)
        self._stratum = preparation.strata[stratum]
        self._source = open_source(self._stratum.data)
        self._look = Looker(preparation, lambda: open_masker(sam, rules, RuntimeConfig(device)))

    def row(self, item: int) -> dict[str, Any]:
        """What a glance and a whole look give, as JSON, or why there has to be a SAM."""
        looked = self._look(self._source, item, self._stratum)
        row = {"index": item, "first": json.dumps(looked.first), "whole": "", "sam": ""}
        try:
            return {**row, "whole": json.dumps(looked.whole())}
        except SamNeededError as error:
            return {**row, "sam": str(error)}
