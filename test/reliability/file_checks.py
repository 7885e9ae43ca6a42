# SPDX-License-Identifier: Apache-2.0
"""What must hold for malformed files and images, whatever is in them; no node is needed.

Each check returns why its case was refused, "" if it was taken, and raises for anything else.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from helpers.small_model import save_small_model
from llmseg_core.images.image_files import write_image
from llmseg_core.images.run_lengths import decode_runs, encode_mask
from llmseg_core.methods.method import load_method
from llmseg_core.model_dir.checkpoint import inspect_model
from llmseg_core.model_dir.directory import CONFIG_FILE
from llmseg_ros.messages.conversions import ImageConversionError, image_to_rgb
from llmseg_ros.messages.frame import frame_from_message
from llmseg_training.data import BrokenPolicy, FolderData, write_folder
from llmseg_training.data.summary import summarize

from . import malformed_files, malformed_messages
from .cases import Case, Generator
from .message_fields import compressed_message, image_message

__all__ = ["FileCheck", "file_checks"]


MOST_LOADED = 20
"""models of settings that are taken, one half to a whole second each"""


class FileCheck:
    """One kind of input: how it is made, a valid one, and what is tried with it."""

    def __init__(self, folder: Path) -> None:
        """Makes what it needs in `folder`, which is its own."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    base: Case
    generate: Generator

    def check(self, case: Case) -> str:
        """Why it is refused; "" if it is taken; raises if it does harm."""
        raise NotImplementedError


class RunLengths(FileCheck):
    """Masks in data sets and predictions."""

    base = malformed_files.RUN_LENGTHS
    generate = staticmethod(malformed_files.run_lengths)

    def check(self, case: Case) -> str:
        size = case["height"], case["width"]
        try:
            mask = decode_runs({"size": case["size"], "counts": case["counts"]}, size)
        except ValueError as error:
            return str(error)
        assert mask.shape == size, mask.shape
        assert mask.dtype == np.bool_
        assert np.array_equal(decode_runs(encode_mask(mask), size), mask)
        return ""


class Pixels(FileCheck):
    """Images as the node converts them."""

    base = malformed_messages.IMAGE
    generate = staticmethod(malformed_messages.image)

    def check(self, case: Case) -> str:
        message = image_message(case)
        try:
            rgb = image_to_rgb(message)
        except ImageConversionError as error:
            return str(error)
        assert rgb.shape == (message.height, message.width, 3), rgb.shape
        assert rgb.dtype == np.uint8
        return ""


class Compressed(FileCheck):
    """Compressed images as the node takes them: looked at first, then decoded."""

    base = malformed_messages.COMPRESSED
    generate = staticmethod(malformed_messages.compressed)

    def check(self, case: Case) -> str:
        try:
            rgb = frame_from_message(compressed_message(case), most_pixels=1000).image
        except ImageConversionError as error:
            return str(error)
        assert rgb.ndim == 3, rgb.shape
        assert rgb.shape[2] == 3, rgb.shape
        assert rgb.shape[0] * rgb.shape[1] <= 1000, rgb.shape
        assert rgb.dtype == np.uint8
        return ""


class ModelYaml(FileCheck):
    """The settings of a model directory; what is taken is loaded and answers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        save_small_model(folder / "model")
        self._file = folder / "model" / CONFIG_FILE
        self.base = {"text": self._file.read_text(encoding="utf-8")}
        self._image = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        self._loaded = 0

    def generate(self, choose: Any) -> Case:
        return malformed_files.model_yaml(choose, self.base["text"])

    def check(self, case: Case) -> str:
        self._file.write_bytes(case["text"].encode(errors="surrogatepass"))
        try:
            config = inspect_model(self._file.parent)
            if config.proposals.points_per_side > 16 or self._loaded >= MOST_LOADED:
                return ""  # it would take long
            self._loaded += 1
            answer = load_method(self._file.parent).segment(self._image, "mug")
        except (ValueError, OSError) as error:
            return str(error)
        assert math.isfinite(answer.confidence)
        assert answer.mask.shape == (24, 32)
        return ""


class DataLines(FileCheck):
    """A line of a data folder: looked at, read, and exported with the others."""

    base = malformed_files.DATA_LINE
    generate = staticmethod(malformed_files.data_line)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._data = folder / "data"
        (self._data / "images").mkdir(parents=True)
        image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        for number in range(2):
            write_image(self._data / "images" / f"{number}.png", image)
        os.mkfifo(self._data / "pipe")

    def check(self, case: Case) -> str:
        good = self.base["line"].replace(b'"a"', b'"good"').replace(b"/0.png", b"/1.png")
        (self._data / "samples.jsonl").write_bytes(case["line"] + b"\n" + good + b"\n")
        before = sorted(self.folder.iterdir())
        data = FolderData(self._data)
        summary = summarize(data)
        assert len(data) in (1, 2), len(data)  # an empty line is none
        broken = {error.sample: error.reason for error in summary.broken}
        assert "good" not in broken or case["line"].count(b'"good"'), broken
        out = self.folder / "out"
        try:
            write_folder(data, out, BrokenPolicy.SKIP)
            exported = FolderData(out)
            assert len(exported) == len(data) - len(broken), (len(exported), broken)
            assert not summarize(exported).broken
        finally:
            shutil.rmtree(out, ignore_errors=True)
        assert sorted(self.folder.iterdir()) == before
        return next(iter(broken.values()), "")


def file_checks() -> dict[str, type[FileCheck]]:
    """The kinds by name."""
    return {
        "pixels": Pixels,
        "compressed": Compressed,
        "run-lengths": RunLengths,
        "model-yaml": ModelYaml,
        "data-lines": DataLines,
    }
