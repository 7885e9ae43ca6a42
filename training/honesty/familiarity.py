# SPDX-License-Identifier: Apache-2.0
"""Lets a model know images, and measures how well it tells others from them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.table import Table
from torch import Tensor

from llmseg_core.cli.device_argument import chosen_device
from llmseg_core.config import RuntimeConfig
from llmseg_core.config.values import require
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE, ImageGroup, SeenImages
from llmseg_core.images.image_files import find_images, read_image
from llmseg_core.model_dir.checkpoint import load_seen_images
from llmseg_core.model_dir.directory import model_directory

from ..evaluate.reliability import auroc
from ..evaluate.report import print_tables, write_json
from .degraded import DEGRADED, degraded
from .image_group import fit_group, require_enough
from .image_statistics import (
    ImageStatistics,
    statistics_in_parts,
    statistics_of_files,
    statistics_of_model,
)
from .made_up import made_up_image

__all__ = ["fit_as_asked", "group_of_images", "measure_as_asked", "measured"]

WORSE = ("noise", "blur", "exposure", "colours", "jpeg")
"""one way for each image in turn, of a copy as it is and of one of another size"""
MADE_UP, MADE_UP_AN_IMAGE = 1000, 8
"""images of no world that the own ones are told from: so many, or of few own ones so many each"""
COPY_KINDS = (0, 1, 2, 2, 3)
"""of an image and its copies: as it is, worse, twice of another size, both"""
RESAMPLES = 1000


def group_of_images(
    look: ImageStatistics,
    name: str,
    images: Sequence[np.ndarray | Path],
    seed: int = 0,
    keep: Path | None = None,
    made_up: int | None = None,
) -> ImageGroup:
    """Fit a group on images and on four degraded copies of each, beside made-up images.

    Args:
        look: of the model.
        name: what they are, for people.
        images: (H, W, 3) uint8 RGB, or files.
        seed: of copies and made-up images.
        keep: folder for statistics so far, from which an interrupted fit goes on; it belongs to
            this model and these arguments.
        made_up: how many made-up images; None is 8 for each image, 1000 at most.

    Raises:
        ValueError: if there are too few, or one cannot be read.
    """
    require_enough(len(images))

    def image(number: int) -> np.ndarray:
        each = images[number]
        return read_image(each) if isinstance(each, Path) else each

    def own(number: int) -> list[np.ndarray]:
        rng, clean = np.random.default_rng((seed, number)), image(number)
        worse = degraded(clean, WORSE[number % len(WORSE)], rng)
        resized = [degraded(each, "size", rng) for each in (clean, clean, worse)]
        return [clean, worse, *resized]

    def others(number: int) -> list[np.ndarray]:
        return [made_up_image(number, image(number % len(images)), seed)]

    made_up = made_up or min(MADE_UP, MADE_UP_AN_IMAGE * len(images))
    near = statistics_in_parts(look, len(images), own, keep and keep / "own")
    far = statistics_in_parts(look, made_up, others, keep and keep / "made_up")
    count = len(images)
    numbers = torch.arange(count).repeat_interleave(len(COPY_KINDS))
    return fit_group(name, near, numbers, far, torch.tensor(COPY_KINDS).repeat(count))


def fit_as_asked(options: argparse.Namespace) -> None:
    """Let a model know the images of a folder, besides what it knows.

    Args:
        options: of `llmseg familiarity fit`.

    Raises:
        ValueError, OSError: if an option is wrong, or something cannot be read.
    """
    model, files = model_directory(options.model), _files(options.images, options.count)
    look = statistics_of_model(model, RuntimeConfig(device=chosen_device(options)))
    name = options.name or " ".join(options.images)
    group = group_of_images(look, name, files, options.seed)
    known = None if options.alone else load_seen_images(model)
    seen = SeenImages((group,)) if known is None else known.with_group(group)
    seen.save(model / SEEN_IMAGES_FILE)
    names = ", ".join(each.name for each in seen.groups)
    print(f"{model / SEEN_IMAGES_FILE} knows {names}; {len(files)} images were looked at")


def measure_as_asked(options: argparse.Namespace) -> None:
    """Tell how many own images are refused and how many others are noticed.

    Args:
        options: of `llmseg familiarity measure`.

    Raises:
        ValueError, OSError: if an option is wrong, something cannot be read, or the model does not
            know what it has seen.
    """
    model = model_directory(options.model)
    seen = load_seen_images(model)
    if seen is None:
        raise ValueError(f"{model} does not know what it has seen: llmseg familiarity fit tells it")
    look = statistics_of_model(model, RuntimeConfig(device=chosen_device(options)))
    own = statistics_of_files(look, _files([options.own], options.count), DEGRADED, options.seed)
    others = {
        Path(place).resolve().name: statistics_of_files(look, _files([place], options.count))
        for place in options.others
    }
    result = measured(
        seen,
        own,
        {name: each["clean"] for name, each in others.items()},
        options.seed,
    )
    print_tables(familiarity_table(result))
    if options.json is not None:
        write_json(options.json, {"model": str(options.model), "seed": options.seed, **result})
        print(f"written: {options.json}")


def measured(
    seen: SeenImages,
    own: Mapping[str, Mapping[str, Tensor]],
    others: Mapping[str, Mapping[str, Tensor]],
    seed: int = 0,
) -> dict[str, Any]:
    """How well a model tells other images from own ones.

    Args:
        seen: of the model.
        own: statistics of own images that it was not fitted on, by way of degrading them; "clean"
            is among them.
        others: statistics of images of other worlds, by the worlds' names.
        seed: of the interval.

    Returns:
        own and others (by name: count, noticed, median; of others auroc, against the clean own
        ones), refused (share of all own ones), noticed (share of all others), auroc and
        auroc_interval (95 %; images are drawn anew), each of all others.
    """
    near = {name: _distances(seen, each) for name, each in own.items()}
    far = {name: _distances(seen, each) for name, each in others.items()}
    clean = near["clean"]
    all_near, all_far = np.concatenate(list(near.values())), np.concatenate(list(far.values()))
    rng = np.random.default_rng(seed)
    drawn = [
        auroc(rng.choice(clean, len(clean)), rng.choice(all_far, len(all_far)))
        for _ in range(RESAMPLES)
    ]
    return {
        "own": {name: _row(each) for name, each in near.items()},
        "others": {name: {**_row(each), "auroc": auroc(clean, each)} for name, each in far.items()},
        "refused": float((all_near > 1).mean()),
        "noticed": float((all_far > 1).mean()),
        "auroc": auroc(clean, all_far),
        "auroc_interval": [float(end) for end in np.quantile(drawn, (0.025, 0.975))],
    }


def familiarity_table(result: Mapping[str, Any]) -> Table:
    """What `measured` gives, for the terminal."""
    low, high = result["auroc_interval"]
    table = Table(
        title=f"own images refused {result['refused']:.3f}, others noticed "
        f"{result['noticed']:.3f}, AUROC {result['auroc']:.4f} [{low:.4f}, {high:.4f}]",
        title_justify="left",
    )
    for heading in ("images", "count", "unfamiliar", "median distance", "AUROC"):
        table.add_column(heading, justify="left" if heading == "images" else "right")
    for kind in ("own", "others"):
        for name, row in result[kind].items():
            ranks = f"{row['auroc']:.4f}" if "auroc" in row else "-"
            numbers = f"{row['noticed']:.3f}", f"{row['median']:.2f}", ranks
            table.add_row(f"{kind}: {name}", str(row["count"]), *numbers)
    return table


def _row(distances: np.ndarray) -> dict[str, float]:
    return {
        "count": len(distances),
        "noticed": float((distances > 1).mean()),
        "median": float(np.median(distances)),
    }


def _distances(seen: SeenImages, statistics: Mapping[str, Tensor]) -> np.ndarray:
    """(N,) float64, of N images."""
    count = len(next(iter(statistics.values())))
    rows = ({layer: each[row] for layer, each in statistics.items()} for row in range(count))
    return np.array([seen.distance(row) for row in rows])


def _files(places: Sequence[str], count: int | None) -> list[Path]:
    """The first images of some folders."""
    if count is not None:
        require(count >= 1, "--count", count, "at least 1")
    return find_images(places)[:count]
