# SPDX-License-Identifier: Apache-2.0
"""The parameters of the segmentation node that do not depend on the model, as a table."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_ros.error_log import shortened
from llmseg_ros.messages.frame import MOST_PIXELS
from llmseg_ros.parameter_table import ParameterSpec, Value, declare, parameter_values
from llmseg_ros.rerun.target import RerunTarget

from .camera_settings import RAW, camera_names, camera_weights, transports_compressed
from .selection_parameters import SELECTION_NAMES

__all__ = [
    "FOLLOWING",
    "JUDGED_TOGETHER",
    "NODE_PARAMETERS",
    "RUNTIME_NAMES",
    "NodeParameters",
    "check_parameters",
    "declare_node_parameters",
    "read_node_parameters",
]


@dataclass(frozen=True)
class NodeParameters:
    """The values of `NODE_PARAMETERS`."""

    model: str = "embedded"
    device: str = "cpu"
    dtype: str = "float32"
    attention: str = "sdpa"
    memory_budget_mb: int = 0
    compile: bool = False
    cuda_graphs: bool = True
    threads: int = 0
    autostart: bool = True
    load_timeout_s: float = 600.0
    max_rate_hz: float = 0.0
    following_model: str = ""
    following: str = "flow"
    always_on: bool = False
    max_waiting: int = 8
    cameras: tuple[str, ...] = ("",)
    camera_weights: tuple[float, ...] = (1.0,)
    image_transport: str = RAW
    max_megapixels: float = MOST_PIXELS / 1e6
    overlay_jpeg_quality: int = 80
    web_port: int = 0
    web_host: str = "127.0.0.1"
    rerun: str = ""

    @property
    def is_compressed(self) -> bool:
        """Whether images come as CompressedImage; raises ValueError for a bad transport."""
        return transports_compressed(self.image_transport)

    @property
    def camera_names(self) -> list[str]:
        """Names of the cameras; none for a single one. Raises ValueError for a bad name."""
        return camera_names(self.cameras)

    @property
    def weights(self) -> list[float]:
        """Shares of the cameras, in their order. Raises ValueError for a bad one."""
        return camera_weights(self.cameras, self.camera_weights)

    @property
    def runtime(self) -> RuntimeConfig:
        """Where and how the networks run; raises ValueError for a bad value."""
        return _runtime({name: getattr(self, name) for name in RUNTIME_NAMES})


DEFAULTS = NodeParameters()

NODE_PARAMETERS = (
    ParameterSpec(
        "model",
        DEFAULTS.model,
        "Model directory, a profile of `llmseg get`, or embedded: the packaged model, which knows "
        "its tabletop world only. "
        "Another one is loaded in the background and takes over between two frames.",
    ),
    ParameterSpec(
        "device",
        DEFAULTS.device,
        "Torch device, such as cpu, cuda or cuda:1. Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "dtype",
        DEFAULTS.dtype,
        "Number type of the networks: float32, bfloat16 or float16. "
        "Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "attention",
        DEFAULTS.attention,
        "Attention implementation of transformers: sdpa, eager or flash_attention_2.",
        read_only=True,
    ),
    ParameterSpec(
        "memory_budget_mb",
        DEFAULTS.memory_budget_mb,
        "MB that proposing masks may take beside the weights; 0 is 4096 on a GPU, and on a CPU "
        "what its caches hold. Decides the speed, not the masks. "
        "Changes while the node is unconfigured.",
        minimum=0,
        maximum=1_000_000,
    ),
    ParameterSpec(
        "compile",
        DEFAULTS.compile,
        "Whether SAM is compiled by torch.compile: the first frames take minutes, and masks differ "
        "in single pixels. Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "cuda_graphs",
        DEFAULTS.cuda_graphs,
        "Whether a GPU records the large networks' passes and plays them back: the same numbers "
        "with far less work for the CPU, and some more memory of the GPU. "
        "Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "threads",
        DEFAULTS.threads,
        "Threads of PyTorch on a CPU; 0 is one for every core. On a busy machine take fewer than "
        "it has free cores: one that waits for a core holds up all others.",
        read_only=True,
        minimum=0,
        maximum=1024,
    ),
    ParameterSpec(
        "autostart",
        DEFAULTS.autostart,
        "Whether the node configures and activates itself when it is started.",
        read_only=True,
    ),
    ParameterSpec(
        "load_timeout_s",
        DEFAULTS.load_timeout_s,
        "Seconds after which loading the model is given up and configuring fails.",
        minimum=1.0,
        maximum=86400.0,
    ),
    ParameterSpec(
        "max_rate_hz",
        DEFAULTS.max_rate_hz,
        "The most frames of the image topic that are encoded in a second; 0 is no limit.",
        minimum=0.0,
        maximum=1000.0,
    ),
    ParameterSpec(
        "following_model",
        DEFAULTS.following_model,
        "Folder of SAM 2 with its memory, or a model directory that has it in sam/; empty is none. "
        "Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "following",
        DEFAULTS.following,
        "How a mask is carried along from image to image between two full answers: flow, by "
        "optical flow; video, by the memory of SAM 2, which following_model names; or off.",
    ),
    ParameterSpec(
        "always_on",
        DEFAULTS.always_on,
        "Whether the instruction in force is answered although nobody listens to an output. "
        "Otherwise images are neither converted nor segmented until somebody does, or asks.",
    ),
    ParameterSpec(
        "max_waiting",
        DEFAULTS.max_waiting,
        "Requests of ~/segment and ~/segment_object that may wait at once, each perhaps with an "
        "image; one that comes then is told that the node is busy.",
        minimum=1,
        maximum=1000,
    ),
    ParameterSpec(
        "cameras",
        list(DEFAULTS.cameras),
        "Names of several cameras that the one model serves in turn: camera NAME has the topics "
        "NAME/image, ~/NAME/instruction, ~/NAME/mask and so on. An empty name is none: the topics "
        "are then image, ~/instruction, ~/mask and so on. Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "camera_weights",
        list(DEFAULTS.camera_weights),
        "Shares of the model's time that the cameras have, in the order of `cameras`, each from "
        "0.01 to 100; a single one is for all.",
    ),
    ParameterSpec(
        "image_transport",
        DEFAULTS.image_transport,
        "What images come as: raw, or compressed: JPEG or PNG on the topic IMAGE/compressed, "
        "where IMAGE is the image topic after remapping. Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "max_megapixels",
        DEFAULTS.max_megapixels,
        "Million pixels of a compressed image at most; a larger one is refused before it is "
        "decoded.",
        minimum=0.001,
        maximum=1000.0,
    ),
    ParameterSpec(
        "overlay_jpeg_quality",
        DEFAULTS.overlay_jpeg_quality,
        "Quality of ~/overlay/compressed, from 1 to 100.",
        minimum=1,
        maximum=100,
    ),
    ParameterSpec(
        "web_port",
        DEFAULTS.web_port,
        "Port of the live page for a browser; 0 is no page.",
        minimum=0,
        maximum=65535,
    ),
    ParameterSpec(
        "web_host",
        DEFAULTS.web_host,
        "Address at which the live page is: 127.0.0.1 for this machine alone, 0.0.0.0 for whoever "
        "reaches it, without a password.",
    ),
    ParameterSpec(
        "rerun",
        DEFAULTS.rerun,
        "Where answers are logged for Rerun (rerun-sdk): a file that ends in .rrd, or the address "
        "of a viewer, such as 127.0.0.1:9876; empty is nowhere.",
    ),
)

HOST = re.compile(r"[A-Za-z0-9.:_%-]{1,255}")
"""What a host is called, or its address of either version."""

FOLLOWING = ("off", "flow", "video")
"""The values of the parameter `following`."""

FIXED_NAMES = ("cameras", "image_transport", "following_model")
"""Beside RUNTIME_NAMES, what changes while the node is unconfigured."""

RUNTIME_NAMES = ("device", "dtype", "attention", "memory_budget_mb", "compile", "cuda_graphs")

JUDGED_TOGETHER = (
    *RUNTIME_NAMES, *SELECTION_NAMES, *FIXED_NAMES, "camera_weights", "following",
)  # fmt: skip
"""Parameters whose values are looked at together."""


def declare_node_parameters(node: Node) -> None:
    """Declares what does not depend on the model; a bad override raises, quoting the value."""
    declare(node, NODE_PARAMETERS)


def read_node_parameters(node: Node) -> NodeParameters:
    """The values in force."""
    values = parameter_values(node, (spec.name for spec in NODE_PARAMETERS))
    for name, value in values.items():
        if isinstance(value, list | array):
            values[name] = tuple(value)
    return NodeParameters(**values)


def check_parameters(
    changes: Iterable[Parameter],
    current: Mapping[str, Value],
    configured: bool,
    model: SelectionConfig,
) -> SetParametersResult:
    """Judges a change of parameters, for `add_on_set_parameters_callback`.

    Args:
        changes: the parameters to set; names outside the tables are left alone.
        current: values in force by name, of the parameters that are declared.
        configured: whether a model is loaded.
        model: its own selection, which says what it was fitted for.

    Returns:
        The result with the reason of a refusal, which quotes the value.
    """
    new = {change.name: change.value for change in changes}
    for name in (*RUNTIME_NAMES, *FIXED_NAMES):
        if configured and name in new and new[name] != current.get(name):
            return SetParametersResult(
                successful=False,
                reason=f"{name} is {current.get(name)!r} and cannot become {new[name]!r} while the "
                f"model is loaded: bring the node to unconfigured first (cleanup)",
            )
    merged = {**current, **new}
    try:
        _runtime({name: merged[name] for name in RUNTIME_NAMES if name in merged})
        replace(model, **{name: merged[name] for name in SELECTION_NAMES if name in merged})
        _check_following(
            merged.get("following", DEFAULTS.following),
            merged.get("following_model", DEFAULTS.following_model),
        )
        transports_compressed(new.get("image_transport", DEFAULTS.image_transport))
        _check_host(new.get("web_host", DEFAULTS.web_host))
        RerunTarget.parse(new.get("rerun", DEFAULTS.rerun))
        cameras = merged.get("cameras", DEFAULTS.cameras)
        camera_weights(cameras, merged.get("camera_weights", DEFAULTS.camera_weights))
    except ValueError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _check_host(value: Any) -> None:
    if not HOST.fullmatch(value):
        raise ValueError(
            f"web_host is {shortened(value)!r}, it must be an address or a name of this machine, "
            "such as 127.0.0.1"
        )


def _check_following(value: Any, model: Any) -> None:
    if value not in FOLLOWING:
        raise ValueError(f"following is {value!r}, it must be one of {', '.join(FOLLOWING)}")
    if value == "video" and not model:
        raise ValueError(
            "following is 'video', which needs following_model: a folder of SAM 2 with its memory, "
            "such as the model directory of `llmseg get grounding`"
        )


def _runtime(values: Mapping[str, Any]) -> RuntimeConfig:
    """ROS has no null for a number: a memory budget of 0 is none."""
    budget = values.get("memory_budget_mb") or None
    return RuntimeConfig(**{**values, "memory_budget_mb": budget})
