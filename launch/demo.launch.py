# SPDX-License-Identifier: Apache-2.0
"""Plays the shipped recording, asks its questions, and shows what they mean, in space too.

The camera keeps the recorded stamps, by which questions and scenes find each other. All arguments
of llmseg.launch.py are taken.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.descriptions import ParameterValue

import llmseg_ros.demo
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.launch_arguments import beside

RECORDING = str(Path(llmseg_ros.demo.__file__).parent / "recording")
LLMSEG_LAUNCH = Path(__file__).parent / "llmseg.launch.py"


def with_depth(context: LaunchContext) -> list[SetLaunchConfiguration]:
    """The recording's depth for the node, unless somebody has said otherwise."""
    given = context.launch_configurations
    if "depth_topic" in given:
        return []
    return [SetLaunchConfiguration("depth_topic", beside(given.get("image_topic", ""), "depth"))]


def start(context: LaunchContext) -> list[Node]:
    """The camera and the node that asks, in the namespace and on the topics of the node."""
    namespace = LaunchConfiguration("namespace").perform(context)
    image_topic = LaunchConfiguration("image_topic").perform(context)
    remappings = [
        ("image", image_topic),
        *((name, beside(image_topic, name)) for name in ("camera_info", "depth")),
    ]
    return [
        Node(
            package="llmseg_ros",
            executable="llmseg_camera",
            name="llmseg_camera",
            namespace=namespace,
            parameters=[
                {
                    "source": ParameterValue(RECORDING, value_type=str),
                    "recorded_stamps": True,
                }
            ],
            remappings=remappings,
            additional_env=large_message_environment(),
            output="screen",
        ),
        Node(
            package="llmseg_ros",
            executable="llmseg_asker",
            name="llmseg_asker",
            namespace=namespace,
            arguments=[RECORDING],
            remappings=remappings,
            output="screen",
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Node and RViz, and what is in front of them."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "rviz",
                default_value="auto",
                description="whether to show it; auto: where RViz is installed",
            ),
            OpaqueFunction(function=with_depth),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LLMSEG_LAUNCH))),
            OpaqueFunction(function=start),
        ]
    )
