# SPDX-License-Identifier: Apache-2.0
"""Malformed messages and parameters as plain values; no ROS is needed to make them."""

from __future__ import annotations

import random
import struct
from typing import Any

import cv2
import numpy as np

from .cases import Case
from .odd_values import damaged_bytes, odd_number, odd_text

__all__ = [
    "COMPRESSED",
    "DEPTH",
    "GOAL",
    "IMAGE",
    "INSTRUCTION",
    "PARAMETER",
    "compressed",
    "damaged_message",
    "depth",
    "goal",
    "image",
    "instruction",
    "parameter",
]

ENCODINGS = (
    "rgb8", "bgr8", "rgba8", "bgra8", "mono8", "mono16", "rgb16", "bgra16", "bayer_rggb8",
    "bayer_gbrg16", "yuv422", "yuv422_yuy2", "uyvy", "8UC1", "8UC3", "16UC1", "32FC1", "64FC4",
    "8UC0", "8UC99", "nv12", "RGB8", "rainbow", "jpeg", "rgb8; jpeg compressed bgr8",
)  # fmt: skip
SIZES = (0, 1, 2, 3, 7, 8, 16, 480, 640, 65_535, 2**31, 2**32 - 1)

IMAGE: Case = {
    "sec": 1, "nanosec": 0, "frame_id": "camera", "height": 4, "width": 6, "encoding": "rgb8",
    "is_bigendian": 0, "step": 18, "data": bytes(range(72)),
}  # fmt: skip
"""a valid image"""

DEPTH: Case = {
    **IMAGE, "encoding": "16UC1", "step": 12, "data": bytes([0, 3]) * 24, "focal": 5.0,
    "info_height": 4, "info_width": 6, "binning": 0, "offset": 0, "roi_width": 0,
    "distortion": 0.0,
}  # fmt: skip
"""a valid depth image, of 0.77 m, and its calibration"""

INSTRUCTION: Case = {"text": "mug"}
GOAL: Case = {
    "text": "mug", "camera": "", "timeout_sec": 0, "timeout_nanosec": 0, "follow": False,
}  # fmt: skip
"""what a valid goal has beside its image"""
PARAMETER: Case = {"name": "max_rate_hz", "value": 5.0, "type": None}
"""a valid one; a type is a number of ParameterType where that is not the value's own"""


def _file(suffix: str) -> bytes:
    """A small image as a file."""
    rows = np.arange(16 * 24 * 3, dtype=np.uint8).reshape(16, 24, 3)
    return cv2.imencode(suffix, rows)[1].tobytes()


PNG, JPEG = _file(".png"), _file(".jpg")
IMAGE_FILES = (PNG, JPEG, _file(".webp"), _file(".tiff"), _file(".bmp"))
FORMATS = (
    "jpeg", "png", "", "rgb8; jpeg compressed bgr8", "bgr8; png compressed ", "mono8; jpeg",
    "bayer_rggb8; png compressed ", "16UC1; compressedDepth png", "16UC1; compressedDepth rvl",
    "h264", ";", "; ;", "rgb16; png compressed rgb16",
)  # fmt: skip
COMPRESSED: Case = {"format": "jpeg", "data": JPEG}
"""a valid compressed image"""

ODD_METRES = (0.0, 0.7, 0.8, -1.0, 1e-30, 1e30, 700.0, float("nan"), float("inf"))
PADDING = 3

PARAMETERS = (
    "model", "device", "dtype", "attention", "memory_budget_mb", "compile", "cuda_graphs",
    "threads", "autostart",
    "load_timeout_s", "max_rate_hz", "rule", "iop_threshold", "top_k", "min_presence",
    "min_confidence", "following", "always_on", "max_waiting", "cameras", "camera_weights",
    "image_transport", "max_megapixels", "overlay_jpeg_quality", "depth_topic", "target_frame",
    "use_sim_time", "qos_overrides./image.subscription.depth", "start_type_description_service",
)  # fmt: skip


def image(choose: random.Random) -> Case:
    """Fields of sensor_msgs/Image, one to four of them changed."""
    case = dict(IMAGE)
    if choose.random() < 0.5:  # whole as it is, in any encoding, of another size
        case["encoding"] = choose.choice(ENCODINGS)
        height, width = choose.choice(SIZES[:7]), choose.choice(SIZES[:7])
        case |= {"height": height, "width": width, "step": width * choose.choice((1, 2, 3, 4, 8))}
        case["data"] = choose.randbytes(height * case["step"])
    for name in choose.sample(list(case), choose.randrange(1, 5)):
        case[name] = _image_field(choose, name, case)
    return case


def depth(choose: random.Random) -> Case:
    """Fields of a depth image and of its calibration, one to four of them changed."""
    case = dict(DEPTH)
    if choose.random() < 0.3:  # metres, some of them odd
        metres = [choose.choice(ODD_METRES) for _ in range(24)]
        case |= {"encoding": "32FC1", "step": 24, "data": struct.pack("<24f", *metres)}
    for name in choose.sample(list(case), choose.randrange(1, 5)):
        if name in IMAGE:
            case[name] = _image_field(choose, name, case)
        elif name in ("focal", "distortion"):
            case[name] = choose.choice((0.0, -1.0, 1e-300, 1e300, float("nan"), float("inf")))
        else:
            case[name] = choose.choice(SIZES)
    return case


def _image_field(choose: random.Random, name: str, case: Case) -> Any:
    if name == "sec":
        return choose.choice((-(2**31), -5, 0, 2**31 - 1))
    if name == "nanosec":
        return choose.choice((0, 10**9, 2**32 - 1))
    if name == "frame_id":
        return encodable(odd_text(choose))
    if name in ("height", "width"):
        return choose.choice(SIZES)
    if name == "encoding":
        known = choose.random() < 0.7
        return choose.choice(ENCODINGS) if known else encodable(odd_text(choose))
    if name == "is_bigendian":
        return choose.choice((0, 1, 2, 255))
    if name == "step":
        return choose.choice((*SIZES, case["step"] - 1, case["step"] + 1)) % 2**32
    data = case["data"]
    return choose.choice((b"", data[:-1], data + b"\0", data[: len(data) // 2], data * 2))


def compressed(choose: random.Random) -> Case:
    """Format and data of sensor_msgs/CompressedImage: damaged, of another size, or no image."""
    case = dict(COMPRESSED)
    if choose.random() < 0.7:
        case["format"] = choose.choice(FORMATS)
    if choose.random() < 0.2:
        case["format"] = encodable(odd_text(choose))
    whole = choose.choice(IMAGE_FILES)
    kind = choose.randrange(6)
    if kind == 0:
        case["data"] = whole
    elif kind == 1:
        case["data"] = choose.randbytes(choose.choice((0, 1, 11, 12, 13, 400)))
    elif kind == 2:
        case["data"] = whole[: choose.randrange(len(whole))]
    elif kind == 3:  # a size that the file has no pixels for
        size = bytes(choose.choice((0, 1, 255)) for _ in range(8))
        case["data"] = PNG[:16] + size + PNG[24:]
    else:
        case["data"] = bytes(damaged_bytes(choose, whole))
    return case


def goal(choose: random.Random) -> Case:
    """Fields of a goal of ~/segment_object. One that follows has a time limit, so that it ends."""
    case = dict(IMAGE) | GOAL
    if choose.random() < 0.5:
        case |= image(choose)
    if choose.random() < 0.3:
        case |= instruction(choose)
    if choose.random() < 0.2:
        case["camera"] = encodable(odd_text(choose))
    if choose.random() < 0.3:
        case |= {"timeout_sec": 0, "timeout_nanosec": choose.choice((1, 10**8)), "follow": True}
        if choose.random() < 0.7:
            case |= {"height": 0, "width": 0}
    elif choose.random() < 0.3:
        case["timeout_sec"] = choose.choice((-(2**31), -1, 0, 1, 2**31 - 1))
        case["timeout_nanosec"] = choose.choice((0, 1, 10**9, 2**32 - 1))
    return case


def instruction(choose: random.Random) -> Case:
    """A text, up to 1 MB."""
    return {"text": encodable(odd_text(choose, long=True))}


def encodable(text: str) -> str:
    """The text as a message may hold it: rclpy itself refuses lone surrogates when it sends."""
    return text.encode(errors="replace").decode()


def parameter(choose: random.Random) -> Case:
    """A parameter of any name, value and type."""
    name = choose.choice(PARAMETERS) if choose.random() < 0.9 else encodable(odd_text(choose))
    value = _value(choose, name)
    odd_type = choose.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9)) if choose.random() < 0.1 else None
    return {"name": name, "value": value, "type": odd_type}


def _value(choose: random.Random, name: str) -> Any:
    kind = choose.randrange(8)
    if kind == 0:
        return encodable(odd_text(choose))
    if kind in (1, 2, 3):
        number = odd_number(choose)
        is_large = isinstance(number, int) and abs(number) >= 2**63
        return float(number) if is_large else number
    if kind == 4:
        return [bool(choose.randrange(2)) for _ in range(choose.randrange(3))]
    if kind == 5:
        return choose.randbytes(choose.randrange(4))
    if kind == 6:
        return [encodable(odd_text(choose)) for _ in range(choose.randrange(1, 3))]
    near = {"rule": "top_iou ", "device": "cuda:99", "dtype": "int8", "attention": "none"}
    return near.get(name, choose.choice((None, [0.5, float("nan")], [2**62, -1])))


def damaged_message(choose: random.Random, whole: bytes) -> Case:
    """The bytes of a message on the wire, damaged.

    One thing is left out. The last two bits of the fourth byte say how many of the bytes behind the
    header are padding; where there are fewer, Fast CDR (seen with 2.3.3) reads beyond its memory,
    in every node of every package. See docs/reliability.md.
    """
    if choose.random() < 0.1:
        data = bytearray(choose.randbytes(choose.choice((0, 1, 3, 4, 5, 17, 400))))
    else:
        data = bytearray(damaged_bytes(choose, whole))
    if 4 <= len(data) < 4 + (data[3] & PADDING):
        data[3] &= ~PADDING
    return {"data": bytes(data)}
