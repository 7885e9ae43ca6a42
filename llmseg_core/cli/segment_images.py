# SPDX-License-Identifier: Apache-2.0
"""The work of `llmseg segment`: reads images, asks, writes pictures and records."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_core.familiarity.familiarity import UNFAMILIAR, unfamiliar_warning
from llmseg_core.images.image_files import (
    IMAGE_SUFFIXES,
    LOSSLESS_SUFFIXES,
    find_images,
    read_image,
    write_image,
)
from llmseg_core.images.overlay import draw_overlay
from llmseg_core.methods.method import Method, load_method
from llmseg_core.model_dir.fitting_profile import real_camera_hint
from llmseg_core.runtime.gpu_memory import gpu_memories
from llmseg_core.types import Segmentation

from .device_argument import chosen_device

__all__ = ["segment_images", "segmentation_record"]


def segment_images(options: argparse.Namespace) -> int:
    """Do what the command line says.

    Args:
        options: of `llmseg segment`.

    Returns:
        The exit code: 2 if an image could not be read.
    """
    instructions = [options.instruction, *options.more]
    if not all(text.strip() for text in instructions):
        raise ValueError("an instruction is empty, it must be a text such as 'the red cup'")
    images = find_images(options.images)
    results = len(images) * len(instructions)
    overlays = _OutputFiles(options.out, results)
    masks = _OutputFiles(options.masks, results, LOSSLESS_SUFFIXES)
    runtime = RuntimeConfig(device=chosen_device(options), dtype=options.dtype)
    method = load_method(options.model, runtime)
    selection = _selection(options, method)
    records: list[dict[str, Any]] = []
    failed, unfamiliar = 0, False
    for path in tqdm(images, unit="image", disable=None if len(images) > 1 else True):
        try:
            image = read_image(path)
        except ValueError as error:
            tqdm.write(f"llmseg segment: {error}", file=sys.stderr)
            failed += 1
            continue
        frame = method.encode_frame(image)
        answers = method.segment_batch(frame, instructions, selection)
        if answers[0].unfamiliar:
            warning = unfamiliar_warning(answers[0])
            tqdm.write(f"llmseg segment: {path}: {warning}", file=sys.stderr)
            unfamiliar = True
        for answer in answers:
            record = {"image": str(path), **segmentation_record(answer)}
            overlays.write(record, "overlay", path, answer, draw_overlay(image, answer))
            masks.write(record, "mask", path, answer, answer.mask.astype(np.uint8) * 255)
            records.append(record)
            if not options.json:
                tqdm.write(_line(record))
    if unfamiliar:
        print(f"llmseg segment: {real_camera_hint(gpu_memories())}", file=sys.stderr)
    if options.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
    return 2 if failed else 0


def segmentation_record(answer: Segmentation) -> dict[str, Any]:
    """Plain values for JSON: the answer and the scores that led to it, pixels of the image."""
    scores = zip(
        answer.candidates.iou_score.tolist(),
        answer.candidates.iop.tolist(),
        answer.candidates.boxes_px.tolist(),
        answer.candidates.areas_px.tolist(),
        answer.candidates.score.tolist(),
        strict=True,
    )
    return {
        "instruction": answer.instruction,
        "method": answer.method,
        "phrase": answer.phrase,
        "found": answer.found,
        "confidence": round(answer.confidence, 4),
        "presence": _rounded(answer.selection.presence),
        "reason": answer.reason,
        "unfamiliarity": _rounded(answer.unfamiliarity),
        "box": answer.box_px,
        "area": int(answer.mask.sum()),
        "image_size": list(answer.mask.shape),
        "proposals": [
            {
                "selected": index in answer.selection.indices,
                "iou_score": _rounded(iou_score),
                "iop": _rounded(iop),
                "score": _rounded(score),
                "box": [int(side) for side in box],
                "area": area,
            }
            for index, (iou_score, iop, box, area, score) in enumerate(scores)
        ],
        "timings_ms": {name: round(value, 2) for name, value in answer.timings_ms.items()},
        "total_ms": round(answer.total_ms, 2),
    }


def _rounded(score: float | None) -> float | None:
    """A score for JSON, which has no NaN: null where a method has none."""
    return None if score is None or math.isnan(score) else round(score, 4)


def _selection(options: argparse.Namespace, method: Method) -> SelectionConfig:
    names = [spec.name for spec in fields(SelectionConfig)]
    given = {name: value for name, value in vars(options).items() if name in names}
    given = {name: value for name, value in given.items() if value is not None}
    known = method.description.selection
    for name in given:
        if name not in known:
            raise ValueError(
                f"--{name.replace('_', '-')} does nothing: {options.model} is a model of the "
                f"method {method.description.name}, of which {', '.join(known)} can be set"
            )
    return replace(method.selection, **given)


def _line(record: dict[str, Any]) -> str:
    reason = record["reason"]
    why = "" if reason.startswith(UNFAMILIAR) else f" ({reason})"  # that has a line of its own
    found = f"box {list(record['box'])}" if record["found"] else f"nothing found{why}"
    return (
        f"{record['image']}  {record['instruction']!r}: {found}, "
        f"confidence {record['confidence']:.2f}, {record['total_ms']:.0f} ms"
    )


class _OutputFiles:
    """Where pictures go: one file, or a folder in which every picture gets a name of its own.

    Args:
        target: as the user gave it; None writes nothing.
        count: pictures that will be written.
        suffixes: of the formats that one file may have.

    Raises:
        ValueError: if `target` has another suffix and is no folder, or is one file for several
            pictures.
    """

    def __init__(
        self, target: Path | None, count: int, suffixes: tuple[str, ...] = IMAGE_SUFFIXES
    ) -> None:
        self.target = target
        self.single = target is not None and target.suffix.lower() in suffixes
        if target is not None and target.suffix and not self.single and not target.is_dir():
            raise ValueError(
                f"{target} must be a file with one of the suffixes {', '.join(suffixes)}, or a "
                f"folder; make a folder of such a name first"
            )
        self.used: set[str] = set()
        if self.single and count > 1:
            raise ValueError(f"{count} pictures do not fit into the file {target}: give a folder")

    def write(
        self,
        record: dict[str, Any],
        key: str,
        source: Path,
        answer: Segmentation,
        picture: np.ndarray,
    ) -> None:
        """Write one picture and note its path as `key` of `record`."""
        if self.target is None:
            return
        path = self.target if self.single else self.target / self._name(source, answer)
        write_image(path, picture)
        record[key] = str(path)

    def _name(self, source: Path, answer: Segmentation) -> str:
        words = re.sub(r"\W+", "-", answer.instruction.lower()).strip("-")[:60]
        base = f"{source.stem}_{words or 'instruction'}"
        name, number = base, 1
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self.used.add(name)
        return f"{name}.png"
