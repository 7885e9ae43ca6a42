# SPDX-License-Identifier: Apache-2.0
"""How images are chosen and masked, whoever does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .sources.sampling import RegionRules, Stratum

__all__ = ["Preparation"]


class Preparation:
    """How images are chosen and masked.

    Attributes:
        strata: by name, drawn from in their order.
        regions: which regions can be asked about.
        needs_names: whether regions without a category are of no use.
        seed: of what is drawn.
        settings: all that decides what the file holds.
    """

    def __init__(
        self,
        strata: Mapping[str, Stratum],
        regions: RegionRules,
        needs_names: bool,
        seed: int,
        settings: Mapping[str, Any],
    ) -> None:
        self.strata, self.regions = strata, regions
        self.needs_names, self.seed = needs_names, seed
        text = json.dumps([settings, needs_names, seed], sort_keys=True)
        self.about = {
            "format": "llmseg images",
            "version": "1",
            "settings": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
        }
