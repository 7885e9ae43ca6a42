# SPDX-License-Identifier: Apache-2.0
"""What a camera's topic means for the node: findings made of plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmseg_core.doctor.finding import Finding, State
from llmseg_ros.fast_dds import large_message_environment, largest_frame_mb

__all__ = ["topic_findings"]

LAUNCH = "ros2 launch llmseg_ros llmseg.launch.py"
LOST = 0.1
"""share of frames that may be missing before it is worth a word"""
OLD_S = 1.0
"""seconds after which an image is old"""


def topic_findings(seen: dict[str, Any]) -> Iterator[Finding]:
    """What somebody should know of a topic.

    Args:
        seen: from `look_at`.
    """
    name = seen["name"]
    if "invalid" in seen:
        text = f"{name!r} is no name of a topic: {seen['invalid']}"
        yield Finding("topic", State.WRONG, text, "--topic /camera/color/image_raw", seen)
        return
    if not seen["publishers"]:
        yield _nobody(seen)
        return
    if "count" not in seen:
        text = f"{name} is {', '.join(seen['types'])}, no images"
        yield Finding("topic", State.WRONG, text, _instead(seen), seen)
        return
    if not seen["count"]:
        yield Finding("topic", State.WRONG, f"{name}: {seen['nothing']}", _larger_segments(), seen)
        return
    yield _what_comes(seen)
    yield from _troubles(seen)
    yield from _camera_info(seen["camera_info"], seen)
    if seen["depth"]:
        yield _depth(seen["depth"])


def _depth(topics: list[str]) -> Finding:
    """Depth images; those that say so are registered to the colour image."""
    registered = [topic for topic in topics if "aligned" in topic or "registered" in topic]
    text = f"depth is on {', '.join(topics)}; one that is registered to the images gives places"
    remedy = f"{LAUNCH} depth_topic:={(registered or topics)[0]} ..."
    return Finding("depth", State.NOTE, text, remedy, {"topics": topics})


def _larger_segments() -> str:
    """What gives a camera's process shared memory for large images."""
    settings = [f"{name}={value}" for name, value in large_message_environment().items()]
    if not settings:
        return "let the camera send smaller images, or fewer  (transport settings are in force)"
    return f"export {' '.join(settings)}  (where the camera is started)"


def _nobody(seen: dict[str, Any]) -> Finding:
    text = f"nobody publishes {seen['name']}"
    if not seen["near"]:
        text += ", nor images on any other topic: is the camera on, with the same ROS_DOMAIN_ID?"
    return Finding("topic", State.WRONG, text, _instead(seen), seen)


def _instead(seen: dict[str, Any]) -> str:
    if seen["near"]:
        return f"--topic {seen['near'][0]}  (images are on {', '.join(seen['near'])})"
    return "ros2 topic list -t"


def _what_comes(seen: dict[str, Any]) -> Finding:
    offer = seen["publishers"][0]
    size = f"{seen['width']} x {seen['height']}, " if "width" in seen else ""
    text = (
        f"{seen['name']}: {size}{seen['encoding']}, {seen['rate_hz']:.1f} Hz, "
        f"{seen['bytes'] / 1e6:.2f} MB a frame, {offer['reliability']}, from {offer['node']}"
    )
    if "refused" in seen:
        text += f". The node would refuse every image: {seen['refused']}"
        return Finding("topic", State.WRONG, text, _instead(seen), seen)
    if seen["compressed"]:
        topic = seen["name"].removesuffix("/compressed")
        remedy = f"{LAUNCH} image_topic:={topic} image_transport:=compressed"
        text += ". The node takes compressed images where it is told so"
        return Finding("topic", State.GOOD, text, remedy, seen)
    text += (
        f". The node takes it ({seen['convert_ms']:.1f} ms to convert): it answers the newest "
        f"image and drops what comes meanwhile"
    )
    return Finding("topic", State.GOOD, text, f"{LAUNCH} image_topic:={seen['name']}", seen)


def _troubles(seen: dict[str, Any]) -> Iterator[Finding]:
    name = seen["name"]
    if len(seen["publishers"]) > 1:
        who = ", ".join(offer["node"] for offer in seen["publishers"])
        text = f"{name} has several publishers, whose images mix: {who}"
        yield Finding("publishers", State.WARNING, text, "give each camera a topic of its own")
    if seen["bytes"] > largest_frame_mb() * 1e6:
        text = (
            f"a frame has {seen['bytes'] / 1e6:.0f} MB, and up to {largest_frame_mb()} MB arrive "
            f"reliably here"
        )
        yield Finding("frame size", State.WARNING, text, "let the camera send smaller images")
    if seen["lost_share"] > LOST and not seen["no_stamp"]:
        text = f"{seen['lost_share']:.0%} of the frames that were stamped did not arrive"
        yield Finding("loss", State.WARNING, text, _larger_segments())
    if seen["no_stamp"]:
        text = (
            "images have no stamp: answers cannot be matched to other sensors, nor their age told"
        )
        yield Finding("stamps", State.WARNING, text, "let the driver fill header.stamp")
    elif seen["backwards"]:
        text = f"stamps went backwards {seen['backwards']} times: is a recording played in a loop?"
        yield Finding("stamps", State.WARNING, text, "play it with --clock, and use_sim_time:=true")
    elif abs(seen["late_s"]) > OLD_S:
        text = f"stamps lie {seen['late_s']:.1f} s before now: another clock, or simulated time"
        yield Finding(
            "stamps", State.WARNING, text, f"{LAUNCH} use_sim_time:=true  (or run chrony)"
        )
    if not seen["frame_id"]:
        text = "images name no frame (frame_id is empty): tf cannot place them"
        yield Finding("frame_id", State.WARNING, text, "set the driver's parameter frame_id")
    if seen.get("flat"):
        text = "the last image is of one colour: is the lens covered, or the exposure wrong?"
        yield Finding(
            "image", State.WARNING, text, "look at it: ros2 run rqt_image_view rqt_image_view"
        )


def _camera_info(info: dict[str, Any], seen: dict[str, Any]) -> Iterator[Finding]:
    name = info["name"]
    if not info["count"]:
        text = f"nothing arrives on {name}; masks need none of it, places in space do"
        yield Finding("camera_info", State.NOTE, text)
    elif info["empty"]:
        text = f"{name} holds no calibration (k is zero); masks need none, places in space do"
        remedy = "ros2 run camera_calibration cameracalibrator ..."
        yield Finding("camera_info", State.WARNING, text, remedy)
    elif "width" in seen and (info["width"], info["height"]) != (seen["width"], seen["height"]):
        text = (
            f"{name} is for {info['width']} x {info['height']}, the images have {seen['width']} x "
            f"{seen['height']}"
        )
        yield Finding("camera_info", State.WARNING, text, "calibrate at the images' size")
    else:
        stamps = "the same stamps" if info["same_stamps"] else "other stamps than the images"
        yield Finding("camera_info", State.GOOD, f"{name}, with {stamps}", values=info)
