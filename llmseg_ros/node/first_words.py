# SPDX-License-Identifier: Apache-2.0
"""What the node says first: what it has loaded, what that knows, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rclpy.node import Node

from llmseg_core.model_dir.profiles import load_profiles

from .channel import Channel
from .model_loading import LoadedModel
from .real_camera import COMMAND, hint_here

__all__ = ["about_model", "how_to_ask", "how_to_get"]

PACKAGED = "embedded"


def about_model(model: LoadedModel) -> Iterator[str]:
    """What was loaded and what it understands."""
    method, runtime = model.method, model.runtime
    yield (
        f"model {model.directory} ({method.profile}) on {runtime.device}, {runtime.dtype}, loaded "
        f"in {model.load_s:.1f} s; it understands {method.description.understands}"
    )
    if model.directory == PACKAGED:
        yield (
            "the packaged model knows 28 household things on a rendered table and no photographs; "
            f"for a real camera see {COMMAND} get --list; {hint_here()}"
        )


def how_to_ask(node: Node, channels: Iterable[Channel]) -> Iterator[str]:
    """Where images of each camera come from and answers go, and commands that ask and show."""
    for channel in channels:
        names = (f"{channel.prefix}{output}" for output in ("mask", "result", "overlay"))
        mask, result, overlay = map(node.resolve_topic_name, names)
        yield (
            f"active: images from {channel.image_topic}, answers on {mask}, {result} and {overlay}"
        )
    instruction = node.resolve_topic_name("~/instruction")
    yield (
        f"ask: ros2 topic pub --once {instruction} std_msgs/msg/String "
        "\"{data: 'the thing I could drink from'}\""
    )
    yield (
        f"see: ros2 run rqt_image_view rqt_image_view {overlay}  (images are segmented only while "
        "somebody listens to an output)"
    )


def how_to_get(model: str) -> str:
    """What a distribution's user types for a profile that is not there; empty for other models."""
    return f" ({COMMAND} get {model})" if model in load_profiles() else ""
