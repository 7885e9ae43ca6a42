# SPDX-License-Identifier: Apache-2.0
"""Starts the segmentation node, and RViz where it is wanted.

An argument that is left empty leaves its parameter to the parameter file. The node configures and
activates itself, unless the file says `autostart: false`. Everything is in one namespace; topics
that do not begin with "/" are in it too.
"""

from pathlib import Path

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.descriptions import ParameterValue

from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.launch_arguments import camera_topics, flag, number, parameter_file

TEXTS = (
    "model", "device", "dtype", "following", "depth_topic", "camera_info_topic", "target_frame",
    "rerun",
)  # fmt: skip
"""arguments that are parameters of text"""

SHARE = Path(get_package_share_directory("llmseg_ros"))
RAW, COMPRESSED = "raw", "compressed"

ARGUMENTS = {
    "namespace": ("", "namespace of the node, of RViz and of all their topics"),
    "model": ("", "model directory, profile of `llmseg get`, or embedded"),
    "device": ("", "torch device: cpu, cuda, cuda:1, ..."),
    "dtype": ("", "number type of the networks: float32, bfloat16 or float16"),
    "image_topic": ("image", "topic of the camera's images"),
    "image_transport": (
        "",
        "what the images come as: raw or compressed, or another one that image_transport's "
        "republish makes raw",
    ),
    "cameras": (
        "",
        "several cameras for the one model: their names, each with its image topic, such as "
        "front=/front/image_raw,wrist=/wrist/image_raw; without a topic it is NAME/image",
    ),
    "following": ("", "how masks are carried along between full answers: flow, or off, ..."),
    "depth_topic": ("", "topic of depth images that are registered to the colour camera"),
    "camera_info_topic": ("", "topic of its calibration; empty is camera_info beside the depth"),
    "target_frame": ("", "frame of tf2 in which places are told; empty is the camera's"),
    "max_rate_hz": ("", "the most images that are encoded in a second; 0 is no limit"),
    "always_on": ("", "true answers although nobody listens to an output"),
    "web_port": ("", "port of the live page on this machine for a browser; 0 is no page"),
    "rerun": ("", "logs answers for Rerun: a file that ends in .rrd, or the address of a viewer"),
    "params_file": ("llmseg.yaml", "parameter file: a path, or a name in the package's config/"),
    "use_sim_time": ("", "true takes the time from /clock"),
    "respawn": ("false", "whether the node is started again if it dies"),
    "log_level": ("info", "of the node: debug, info, warn, error or fatal"),
    "rviz": ("false", "whether to show image, overlay and mask; auto: where RViz is installed"),
}


def is_installed(package: str) -> bool:
    """Whether a ROS package is there."""
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def start(context: LaunchContext) -> list[LifecycleNode | Node | LogInfo]:
    """What the arguments ask for."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    parameters: dict[str, ParameterValue | bool | float | str | list[str]] = {
        name: ParameterValue(given[name], value_type=str) for name in TEXTS if given[name]
    }
    for name in ("use_sim_time", "always_on"):
        if given[name]:
            parameters[name] = flag(name, given[name])
    if given["max_rate_hz"]:
        parameters["max_rate_hz"] = number("max_rate_hz", given["max_rate_hz"])
    if given["web_port"]:
        parameters["web_port"] = int(number("web_port", given["web_port"]))
    image_topic, republisher = raw_images(given)
    if given["image_transport"] and not republisher:  # the node reads them as they come
        parameters["image_transport"] = given["image_transport"]
    cameras = camera_topics(given["cameras"])
    if cameras:
        parameters["cameras"] = list(cameras)
    node = LifecycleNode(
        package="llmseg_ros",
        executable="llmseg_node",
        name="llmseg",
        namespace=given["namespace"],
        parameters=[
            parameter_file(given["params_file"], SHARE / "config", "llmseg"),
            *([parameters] if parameters else []),
        ],
        remappings=[
            ("image", image_topic),
            *((f"{name}/image", topic) for name, topic in cameras.items() if topic),
        ],
        ros_arguments=["--log-level", given["log_level"]],
        respawn=flag("respawn", given["respawn"]),
        respawn_delay=2.0,
        additional_env=large_message_environment(),
        output="screen",
    )
    return [*republisher, node, *rviz(given, image_topic)]


def raw_images(given: dict[str, str]) -> tuple[str, list[Node]]:
    """The topic of raw images, and the node that makes them where they come otherwise."""
    transport, topic = given["image_transport"], given["image_topic"]
    if transport in ("", RAW, COMPRESSED):
        return topic, []
    if given["cameras"]:
        raise RuntimeError(
            f"image_transport is {transport!r}, and several cameras take {RAW} or {COMPRESSED}"
        )
    if not is_installed("image_transport"):
        raise RuntimeError(
            f"image_transport is {transport!r}, which the package image_transport makes raw: "
            "install it (ros-$ROS_DISTRO-image-transport-plugins)"
        )
    republished = "llmseg/image"
    republisher = Node(
        package="image_transport",
        executable="republish",
        name="llmseg_republish",
        namespace=given["namespace"],
        arguments=[transport, RAW],  # of Humble; the parameters are of all after it
        parameters=[{"in_transport": transport, "out_transport": RAW}],
        remappings=[
            (f"in/{transport}", f"{topic.removesuffix(f'/{transport}')}/{transport}"),
            ("out", republished),
        ],
        additional_env=large_message_environment(),
        output="screen",
    )
    return republished, [republisher]


def rviz(given: dict[str, str], image_topic: str) -> list[Node | LogInfo]:
    """RViz, if it is wanted and there."""
    is_optional = given["rviz"] == "auto"
    if not is_optional and not flag("rviz", given["rviz"]):
        return []
    if not is_installed("rviz2"):
        text = "rviz2 is not installed (ros-$ROS_DISTRO-rviz2)"
        if is_optional:
            return [LogInfo(msg=f"{text}: nothing is shown")]
        raise RuntimeError(f"{text}: install it, or say rviz:=false")
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            name="llmseg_rviz",
            namespace=given["namespace"],
            arguments=["-d", str(SHARE / "rviz" / "llmseg.rviz")],
            remappings=[("image", image_topic)],
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what they ask for."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, (default, description) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=start),
        ]
    )
