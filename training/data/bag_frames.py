# SPDX-License-Identifier: Apache-2.0
"""Frames of a ROS 2 recording as image files, for somebody to annotate. No ROS is needed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from PIL import Image
from rosbags.image import image_to_cvimage
from rosbags.image.image import to_cvtype
from rosbags.typesys import Stores, get_typestore
from tqdm import tqdm

from llmseg_core.images.image_ops import check_image
from llmseg_core.recordings.recording import Recording
from llmseg_core.recordings.storage import RecordingError
from llmseg_core.runtime.whole_file import write_whole

__all__ = ["write_frames"]

_IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}
_DEPTH = "compressedDepth"


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
    opened = _opened(recording)
    chosen = _chosen(opened.types, recording, topic)
    images.mkdir(parents=True, exist_ok=True)
    kept = {path.stem for path in images.iterdir()}
    types = get_typestore(Stores.LATEST)
    due = -np.inf
    for message in tqdm(opened.messages(chosen), desc=chosen, unit="image"):
        stamp = message.time_ns
        if stamp < due:
            continue
        try:
            if str(stamp) not in kept:
                decoded = types.deserialize_cdr(message.read(), opened.types[chosen])
                _write(decoded, images, str(stamp))
        except Exception as error:  # of whatever library meets damaged bytes
            bad.append(f"{chosen} at {stamp} ns: {str(error) or type(error).__name__}")
            continue
        due = stamp + every_s * 1e9
    return bad + opened.damage


def _opened(recording: Path) -> Recording:
    try:
        return Recording(recording)
    except (RecordingError, OSError) as error:
        raise ValueError(f"{recording} is no recording that can be read: {error}") from error


def _chosen(types: dict[str, str], recording: Path, topic: str | None) -> str:
    """The image topic, if it is clear which is meant."""
    topics = sorted(name for name, kind in types.items() if kind in _IMAGE_TYPES)
    for name in (topic, f"/{topic}"):
        if topic is not None and name in topics:
            return str(name)
    colour = [name for name in topics if not name.endswith(f"/{_DEPTH}")]
    if topic is None and len(colour) == 1:
        return colour[0]
    raise ValueError(
        f"the topic is {topic!r}; {recording} has the image topics {', '.join(topics) or 'none'}"
    )


def _write(message: Any, images: Path, name: str) -> None:
    """Write an image: a JPEG or PNG as it is, all else as PNG, so that nothing is lost."""
    if not hasattr(message, "format"):
        content, suffix = _png(_without_padding(message)), ".png"
    elif _DEPTH in message.format:
        raise ValueError(f"its format is {message.format!r}, which is depth and no picture")
    elif message.format.startswith("bayer") and (mosaic := _mosaic(message)) is not None:
        content, suffix = _png(mosaic), ".png"
    else:
        content = bytes(message.data)
        with Image.open(BytesIO(content)) as image:
            image.load()
            kind = str(image.format)
        if kind not in _SUFFIXES:
            raise ValueError(f"its format is {kind}, it must be one of {', '.join(_SUFFIXES)}")
        suffix = _SUFFIXES[kind]
    write_whole(images / f"{name}{suffix}", content)


def _png(message: Any) -> bytes:
    """The PNG of a raw image without padding."""
    pixels = check_image(np.asarray(image_to_cvimage(message, "rgb8")))
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _without_padding(message: Any) -> Any:
    """A raw image of which each row ends with its last pixel, as rosbags takes all to be."""
    _, _, number_type, channels = to_cvtype(message.encoding)
    row_bytes = message.width * channels * np.dtype(number_type).itemsize
    if message.step <= row_bytes:
        return message
    rows = np.frombuffer(message.data, np.uint8)[: message.height * message.step]
    rows = rows.reshape(message.height, message.step)[:, :row_bytes]
    return _raw(message.encoding, message.height, message.width, rows, message.is_bigendian)


def _mosaic(message: Any) -> Any:
    """The raw image of a compressed one whose pixels are a mosaic; None if they are colours."""
    pixels = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 2:
        return None
    pattern = message.format.partition(";")[0].strip().rstrip("0123456789")
    return _raw(f"{pattern}{8 * pixels.itemsize}", pixels.shape[0], pixels.shape[1], pixels)


def _raw(encoding: str, height: int, width: int, rows: np.ndarray, is_bigendian: int = 0) -> Any:
    data = np.frombuffer(rows.tobytes(), np.uint8)
    return SimpleNamespace(
        encoding=encoding, height=height, width=width, is_bigendian=is_bigendian, data=data
    )
