# SPDX-License-Identifier: Apache-2.0
"""Frames of a ROS 2 recording as image files, for somebody to annotate.

The library rosbags reads recordings (rosbag2, in mcap or sqlite3 storage); no ROS is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.image import ImageError, image_to_cvimage
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore
from tqdm import tqdm

from llmseg_core.images.image_ops import check_image
from llmseg_core.runtime.whole_file import write_whole

__all__ = ["write_frames"]

_IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}
_UNREADABLE = (
    *(AnyReaderError, SerdeError, ImageError, cv2.error),
    *(ValueError, TypeError, OSError, SyntaxError),
)
"""What damaged messages cause in rosbags, OpenCV and Pillow."""


def write_frames(
    recording: Path, folder: Path, topic: str | None = None, every_s: float = 1.0
) -> list[str]:
    """Write frames to `folder`/images, named by the time of their recording in nanoseconds.

    Frames that are there already are kept.

    Args:
        recording: folder of a rosbag2 recording, or one of its storage files.
        folder: where `images` is made.
        topic: of raw or compressed images; may be left out where the recording has one.
        every_s: least time between two frames, seconds; 0 writes all.

    Returns:
        For each message that could not be read, a sentence that names it.

    Raises:
        ValueError: for no readable recording, no such topic, or a negative time.
    """
    if not every_s >= 0:
        raise ValueError(f"every is {every_s} seconds, it must be at least 0")
    images = folder / "images"
    bad: list[str] = []
    with _opened(recording) as reader:
        chosen = _chosen(reader, recording, topic)
        images.mkdir(parents=True, exist_ok=True)
        connections = [item for item in reader.connections if item.topic == chosen]
        kept = {path.stem for path in images.iterdir()}
        due = -np.inf
        total = sum(item.msgcount for item in connections)
        for connection, stamp, data in tqdm(
            reader.messages(connections), desc=chosen, total=total, unit="image"
        ):
            if stamp < due:
                continue
            try:
                if str(stamp) not in kept:
                    _write(reader.deserialize(data, connection.msgtype), images, str(stamp))
            except _UNREADABLE as error:
                bad.append(f"{chosen} at {stamp} ns: {error}")
                continue
            due = stamp + every_s * 1e9
    return bad


@contextmanager
def _opened(recording: Path) -> Iterator[AnyReader]:
    try:
        reader = AnyReader([recording], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except (AnyReaderError, OSError) as error:
        raise ValueError(f"{recording} is no recording that can be read: {error}") from error
    try:
        yield reader
    finally:
        reader.close()


def _chosen(reader: AnyReader, recording: Path, topic: str | None) -> str:
    """The image topic, if it is clear which is meant."""
    topics = sorted({item.topic for item in reader.connections if item.msgtype in _IMAGE_TYPES})
    if topic in topics:
        return topic
    if topic is None and len(topics) == 1:
        return topics[0]
    raise ValueError(
        f"the topic is {topic!r}; {recording} has the image topics {', '.join(topics) or 'none'}"
    )


def _write(message: Any, images: Path, name: str) -> None:
    """Write an image: a JPEG or PNG as it is, raw pixels as PNG, so that nothing is lost."""
    if hasattr(message, "format"):
        content = bytes(message.data)
        with Image.open(BytesIO(content)) as image:
            image.load()
            kind = str(image.format)
        if kind not in _SUFFIXES:
            raise ValueError(f"its format is {kind}, it must be one of {', '.join(_SUFFIXES)}")
        suffix = _SUFFIXES[kind]
    else:
        pixels = check_image(np.asarray(image_to_cvimage(message, "rgb8")))
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        content, suffix = buffer.getvalue(), ".png"
    write_whole(images / f"{name}{suffix}", content)
