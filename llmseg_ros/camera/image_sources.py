# SPDX-License-Identifier: Apache-2.0
"""The sources that the camera node plays: image files, videos, webcams and recordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from llmseg_core.images.image_files import IMAGE_SUFFIXES, images_in
from llmseg_core.recordings.recording_files import is_recording

from .camera_frame import OFF, CameraFrame, DepthImage, ImageSource, Report, SourceError

__all__ = ["Capture", "ImageFiles", "open_source"]


DEPTH_FOLDER = "depth"
"""in or beside a folder of images"""
DEPTH_SUFFIX = ".png"


@dataclass(frozen=True)
class ImageFiles:
    """Image files in the given order, perhaps with a depth image for each."""

    paths: tuple[Path, ...]
    report: Report
    rate_hz: float | None = None
    depth_folder: Path | None = None
    """has NAME.png for an image NAME, 16 bits and one channel, as 16UC1"""

    @classmethod
    def in_folder(cls, folder: Path, report: Report, depth: str = "") -> ImageFiles:
        """The images right in a folder, in natural order of their names (2 before 10).

        Args:
            folder: of the images.
            report: receives one sentence for each image that cannot be read.
            depth: folder of their depth images; empty is depth/ in or beside that of the images,
                if it is there, and "off" none.

        Raises:
            SourceError: there is no file with the suffix of an image, or no folder `depth`.
        """
        paths = images_in(folder)
        if not paths:
            below = sorted(path.name for path in folder.iterdir() if is_recording(path))
            raise SourceError(
                f"no images in the folder {str(folder)!r}: "
                f"expected files ending in {', '.join(IMAGE_SUFFIXES)}"
                + (f", or one of the recordings in it: {', '.join(below)}" if below else "")
            )
        return cls(tuple(paths), report, depth_folder=_depth_folder(folder, depth))

    @property
    def depth(self) -> str:
        """The folder of depth images."""
        return "" if self.depth_folder is None else str(self.depth_folder)

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the readable images."""
        for path in self.paths:
            bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if bgr is None:
                self.report(f"skipped {str(path)!r}: not a readable image")
                continue
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            yield CameraFrame(rgb, path.name, depth=self._depth_of(path))

    def _depth_of(self, path: Path) -> DepthImage | None:
        if self.depth_folder is None:
            return None
        file = self.depth_folder / f"{path.stem}{DEPTH_SUFFIX}"
        if not file.is_file():
            return None
        values = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if values is None or values.ndim != 2 or values.dtype != np.uint16:
            self.report(f"no depth from {str(file)!r}: it must be a PNG of 16 bits and one channel")
            return None
        return DepthImage(values.astype(np.uint16, copy=False))


@dataclass(frozen=True)
class Capture:
    """A video file or a webcam, read by OpenCV."""

    device: Path | int
    """A video file or video device, or the number of a webcam."""
    depth: str = ""
    """it has none"""

    @property
    def rate_hz(self) -> float | None:
        """Frames a second as the file or the driver tells."""
        capture = self._open()
        try:
            rate = float(capture.get(cv2.CAP_PROP_FPS))
        finally:
            capture.release()
        return rate if rate > 0 else None

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields frames until the video ends or the webcam stops."""
        capture = self._open()
        try:
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a webcam's newest frame, not a queued one
            number = 0
            while True:
                ok, bgr = capture.read()
                if not ok:
                    return
                yield CameraFrame(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), f"frame {number}")
                number += 1
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        name = self.device if isinstance(self.device, int) else str(self.device)
        capture = cv2.VideoCapture(name)
        if not capture.isOpened():
            kind = "webcam" if isinstance(name, int) else "video"
            raise SourceError(f"cannot open the {kind} {name!r}")
        return capture


def open_source(name: str, image_topic: str, report: Report, depth: str = "") -> ImageSource:
    """Opens what a name stands for.

    Args:
        name: a recording (its folder, or a .mcap or .db3 file, also compressed), a folder of
            images, one image, a video file, a video device such as /dev/video0, or the number of a
            webcam.
        image_topic: topic of the images in a recording; empty where it has one image topic.
        report: receives one sentence for each image that cannot be read.
        depth: topic of the depth images in a recording, or folder of those of a folder of images;
            empty is what can be found, "off" none.

    Raises:
        SourceError: nothing of that name, or nothing in it that can be played.
    """
    if not name:
        raise SourceError("no source given: name a recording, image folder, video or webcam")
    if name.isdecimal():
        return Capture(int(name))
    path = Path(name).expanduser()
    if not path.exists():
        raise SourceError(f"no such file or folder: {name!r}")
    if is_recording(path):
        from .recording import RecordedImages  # and rosbags, which others can do without

        return RecordedImages(path, image_topic, report, depth)
    if path.is_dir():
        return ImageFiles.in_folder(path, report, depth)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ImageFiles((path,), report)
    return Capture(path)


def _depth_folder(folder: Path, wanted: str) -> Path | None:
    if wanted == OFF:
        return None
    if wanted:
        named = Path(wanted).expanduser()
        if not named.is_dir():
            raise SourceError(f"no folder of depth images: {wanted!r}")
        return named
    places = folder / DEPTH_FOLDER, folder.absolute().parent / DEPTH_FOLDER
    return next((place for place in places if place.is_dir()), None)
