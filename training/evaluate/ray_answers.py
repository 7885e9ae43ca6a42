# SPDX-License-Identifier: Apache-2.0
"""Answers given by many processes on many machines: `llmseg evaluate --engine ray`.

    list → read and answer (a GPU each) → added, one by one, to the answers so far

The answers so far are those of an evaluation in one process, so that any interruption is resumed by
the same command, with either engine. Data and model must be at the same paths on every machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llmseg_core.vlm.prompts import UnaskableError

from ..data import BrokenSampleError, ImageData
from ..engine.cluster import Cluster
from ..engine.each_item import ItemWorker, worked
from .asked_data import open_data_as_asked
from .method_options import open_answerer
from .records import LastRecord, Records

__all__ = ["answer_with_ray"]


def answer_with_ray(
    options: argparse.Namespace,
    data: ImageData,
    file: Records,
    indices: Sequence[int],
    cluster: Cluster,
) -> dict[str, str]:
    """Answer the samples that have no answer yet.

    Args:
        options: of `llmseg evaluate`, which every worker opens data and model by.
        data: what they name.
        file: gets the answers as they come, some dozens at a time.
        indices: which samples.
        cluster: where.

    Returns:
        By the name of a sample why it cannot be asked about.

    Raises:
        ValueError: if the cluster has too little, or a method gives numbers that are not finite.
    """
    missing = [index for index in indices if data.sample_name(index) not in file]
    if not missing:
        return {}
    # what a worker cannot take along, and does not need
    plain = {key: value for key, value in vars(options).items() if not callable(value)}
    refused: dict[str, str] = {}
    with worked(missing, _Worker, (plain,), cluster) as rows:
        for row in tqdm(rows, desc=data.name, total=len(missing), unit="image"):
            if row["error"]:
                raise ValueError(row["error"])
            if row["refused"]:
                refused[row["name"]] = row["refused"]
            elif row["record"]:
                file.add(row["name"], json.loads(row["record"]))
    return refused


class _Worker(ItemWorker):
    """Reads and answers samples."""

    def __init__(self, options: Mapping[str, Any], root: Path, device: str) -> None:
        super().__init__(root)
        self._last = LastRecord()
        named = argparse.Namespace(**options)
        self._data = open_data_as_asked(named)
        answerer = open_answerer(named, self._data, device, lambda _name, _about: self._last)
        self._source = answerer.source

    def row(self, item: int) -> dict[str, str]:
        """The record; nothing of a sample that is broken, which scoring finds as well."""
        name = self._data.sample_name(item)
        row = {"name": name, "record": "", "refused": "", "error": ""}
        try:
            self._source.answer(self._data[item])
        except BrokenSampleError:
            return row
        except UnaskableError as error:
            return {**row, "refused": str(error)}
        except ValueError as error:
            return {**row, "error": str(error)}
        return {**row, "record": json.dumps(self._last[name], ensure_ascii=False, allow_nan=False)}
